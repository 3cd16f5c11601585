"""The projection never goes back to an older version: in memory and on Neo4j."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from groundwork_core.knowledge.graph.model import GraphEntity, LinkFilter, LinkPage
from groundwork_core.knowledge.graph.ports import GraphReader
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.graph import project

from ..fakes.graph import FakeGraph
from ..fakes.outbox_rows import deleted, edge, entity
from ..fakes.unguarded import without_tombstones, without_versions
from .conftest import EVERYTHING, Graph, ids

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]


def test_written_entities_and_relationships_can_be_read(graph: Graph) -> None:
    graph.had(
        entity("Ada", type="person", confidence=0.5, key="k", aliases=["A. L."]),
        entity("Bell", type="organization"),
        edge("e", "Ada", "Bell", valid_from="2020-01-01T00:00:00.000001+02:00", confidence=0.25),
    )
    ada = graph.reader.entities(ids("Ada"))[ids("Ada")[0]]
    assert (ada.name, ada.type, ada.confidence) == ("Ada", "person", 0.5)
    assert (ada.key, ada.aliases, ada.version) == ("k", ("A. L.",), 1)
    link = graph.reader.links(ids("Ada"), EVERYTHING, 10, None)[ada.id].links[0]
    assert link.node.name == "Bell"
    assert (link.relationship.type, link.relationship.confidence) == ("KNOWS", 0.25)
    assert link.relationship.valid_from == datetime(2019, 12, 31, 22, 0, 0, 1, tzinfo=UTC)
    assert link.relationship.valid_to is None
    assert [link.relationship.from_id, link.relationship.to_id] == ids("Ada", "Bell")


def test_an_older_change_after_a_newer_one_is_left_out(graph: Graph) -> None:
    graph.had(entity("Ada", 3, name="new"))
    graph.had(entity("Ada", 2, name="old"))
    assert graph.name("Ada") == "new"


def test_the_same_rows_again_change_nothing(graph: Graph) -> None:
    rows = [entity("Ada"), entity("Bell"), edge("e", "Ada", "Bell"), entity("Ada", 2, name="A")]
    graph.had(*rows)
    again = project(rows, graph.projection)
    assert (again.entities, again.relationships) == (0, 0)
    assert graph.edges("Ada") == ids("e")


def test_deleted_rows_stay_deleted(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), edge("e", "Ada", "Bell"))
    graph.had(deleted("relationships", "e", 2), deleted("entities", "Ada", 2))
    graph.had(entity("Ada"), edge("e", "Ada", "Bell"))
    assert graph.name("Ada") is None
    assert graph.edges("Bell") == []


def test_deleting_an_entity_deletes_its_edges(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), edge("e", "Ada", "Bell"))
    graph.had(deleted("entities", "Ada", 2))
    assert graph.edges("Bell") == []


def test_no_edge_is_ever_made_to_a_tombstone(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), deleted("entities", "Ada", 2))
    graph.had(edge("e", "Ada", "Bell"))
    graph.had(entity("Ada"))
    assert graph.edges("Bell") == []


def test_an_edge_that_arrives_before_its_ends_waits_for_them(graph: Graph) -> None:
    graph.had(edge("e", "Ada", "Bell"))
    assert graph.name("Ada") is None
    graph.had(entity("Bell"))
    assert graph.edges("Bell") == []
    graph.had(entity("Ada"))
    assert graph.edges("Bell") == ids("e")


def test_an_edge_moves_to_another_end(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), entity("Cray"), edge("e", "Ada", "Bell"))
    graph.had(edge("e", "Ada", "Cray", 2))
    assert graph.edges("Bell") == []
    assert graph.edges("Cray") == ids("e")


def test_an_edge_changes_its_type_in_whatever_order_changes_arrive(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"))
    first, second = edge("e", "Ada", "Bell"), edge("e", "Ada", "Bell", 2, type="TRUSTS")
    graph.had(second)
    graph.had(first)
    assert graph.edges("Ada") == ids("e")
    assert graph.edges("Ada", LinkFilter(types=("TRUSTS",))) == ids("e")
    graph.had(edge("e", "Ada", "Bell", 3))
    graph.had(second)
    assert graph.edges("Ada", LinkFilter(types=("KNOWS",))) == ids("e")
    assert graph.edges("Ada", LinkFilter(types=("TRUSTS",))) == []


def test_an_entity_changes_its_type(graph: Graph) -> None:
    graph.had(entity("Ada", type="person"))
    graph.had(entity("Ada", 2, type="topic"))
    assert graph.reader.entities(ids("Ada"))[ids("Ada")[0]].type == "topic"


def test_the_position_is_that_of_the_newest_row(graph: Graph) -> None:
    assert graph.projection.position() == (0, 0)
    rows = [entity("Ada"), entity("Bell")]
    graph.had(*rows)
    graph.had(rows[0])
    assert graph.projection.position() == (rows[1].xid, rows[1].id)


NAMES = [f"n{i}" for i in range(12)]
ONE_LIFE = ("entity", "edge", "edge", "change", "end", "delete")
MORE_LIVES = (*ONE_LIFE, "return")


def history(random_: random.Random, events: Sequence[str] = ONE_LIFE) -> list[OutboxRow]:
    """A life of entities and edges as Postgres would tell it: edges go with their entities."""
    rows = [entity(name) for name in NAMES]
    versions = dict.fromkeys(NAMES, 1)
    dead: dict[str, int] = {}
    edges: dict[str, tuple[str, str, int]] = {}
    for i in range(150):
        living = [n for n in NAMES if n not in dead]
        match random_.choice(events):
            case "entity":
                name = random_.choice(living)
                versions[name] += 1
                kind = random_.choice(["person", "topic"])
                rows.append(entity(name, versions[name], name=f"{name} {i}", type=kind))
            case "edge":
                a, b = random_.choice(living), random_.choice(living)
                edges[f"e{i}"] = (a, b, 1)
                rows.append(edge(f"e{i}", a, b, confidence=random_.random()))
            case "change" if edges:
                name = random_.choice(list(edges))
                a, b, version = edges[name]
                b = random_.choice([b, random_.choice(living)])
                edges[name] = (a, b, version + 1)
                kind = random_.choice(["KNOWS", "TRUSTS"])
                rows.append(edge(name, a, b, version + 1, type=kind, confidence=random_.random()))
            case "end" if edges:
                name = random_.choice(list(edges))
                rows.append(deleted("relationships", name, edges.pop(name)[2] + 1))
            case "delete" if len(living) > 6:
                name = random_.choice(living)
                gone = [e for e, (a, b, _) in edges.items() if name in (a, b)]
                rows += [deleted("relationships", e, edges.pop(e)[2] + 1) for e in gone]
                dead[name] = versions[name] + 1
                rows.append(deleted("entities", name, dead[name]))
            case "return" if dead:
                name = random_.choice(list(dead))
                versions[name] = dead.pop(name) + 1
                rows.append(entity(name, versions[name], name=f"{name} again"))
    return rows


State = tuple[Mapping[str, GraphEntity], Mapping[str, LinkPage]]


def state(reader: GraphReader) -> State:
    """The nodes and relationships of a graph after a history of changes."""
    nodes = reader.entities(ids(*NAMES))
    return nodes, reader.links(list(nodes), EVERYTHING, 200, None)


def applied_in_order(rows: Sequence[OutboxRow]) -> State:
    """Return the graph after a history of changes was projected once, one by one."""
    plain = FakeGraph()
    for one in rows:
        project([one], plain)
    return state(plain)


def tell_shuffled_and_doubled(
    graph: Graph, rows: Sequence[OutboxRow], random_: random.Random
) -> None:
    shuffled = [*rows, *rows]
    random_.shuffle(shuffled)
    while shuffled:
        size = random_.randint(1, 40)
        graph.had(*shuffled[:size])
        shuffled = shuffled[size:]


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_and_doubled_rows_end_in_the_same_graph(graph: Graph, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - a history that can be repeated
    rows = history(random_)
    tell_shuffled_and_doubled(graph, rows, random_)
    assert state(graph.reader) == applied_in_order(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_delivered_again_shuffled_and_doubled_change_nothing(graph: Graph, seed: int) -> None:
    """Also where entities were deleted and came back, as those do that were merged and split."""
    random_ = random.Random(seed)  # noqa: S311 - a history that can be repeated
    rows = history(random_, MORE_LIVES)
    graph.had(*rows)
    before = state(graph.reader)
    assert before == applied_in_order(rows)
    tell_shuffled_and_doubled(graph, rows, random_)
    assert state(graph.reader) == before


def tell_backwards(graph: Graph, rows: Sequence[OutboxRow]) -> None:
    for one in reversed(rows):
        graph.had(one)


def test_reversed_rows_end_in_the_same_graph(graph: Graph) -> None:
    rows = history(random.Random(1))  # noqa: S311 - as above
    tell_backwards(graph, rows)
    assert state(graph.reader) == applied_in_order(rows)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
@pytest.mark.parametrize("without", [without_versions, without_tombstones])
def test_with_either_guard_disabled_reversed_rows_end_in_another_graph(
    graph: Graph, without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    rows = history(random.Random(1))  # noqa: S311 - as above
    tell_backwards(graph, rows)
    assert state(graph.reader) != applied_in_order(rows)
