"""A graph that only goes forward, and what it answers: the fake and Neo4j."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from groundwork_core.knowledge.graph.model import Entity, LinkFilter, LinkPage, LinkPlace, Part
from groundwork_core.knowledge.graph.ports import GraphProjection, GraphReader
from groundwork_core.knowledge.graph.project import project
from groundwork_core.outbox import OutboxRow
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.reader import Neo4jReader

from ..fakes.graph import FakeGraph, FakeHubLists, FakeHubPaths
from ..fakes.outbox_rows import deleted, edge, entity, id_of
from ..fakes.unguarded import without_tombstones, without_versions

EVERYTHING = LinkFilter()


@dataclass(frozen=True)
class Graph:
    projection: GraphProjection
    reader: GraphReader
    truth: FakeGraph
    """What Postgres would know."""

    def had(self, *rows: OutboxRow) -> None:
        project(rows, self.projection)
        project(rows, self.truth)

    def name(self, name: str) -> str | None:
        found = self.reader.entities([str(id_of(name))])
        return next((e.name for e in found.values()), None)

    def path(
        self, start: str, end: str, hops: int = 4, wanted: LinkFilter = EVERYTHING
    ) -> Part | None:
        return self.reader.path(str(id_of(start)), str(id_of(end)), hops, wanted)

    def edges(self, name: str, wanted: LinkFilter = EVERYTHING) -> list[str]:
        id_ = str(id_of(name))
        pages = self.reader.links([id_], wanted, 100, None)
        return [link.relationship.id for link in pages[id_].links] if id_ in pages else []


@pytest.fixture(params=["fake", "neo4j"])
def graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    truth = FakeGraph()
    if request.param == "fake":
        fake = FakeGraph()
        yield Graph(fake, fake, truth)
        return
    real = request.getfixturevalue("neo4j")
    database = GraphDatabase(real.uri, real.user, real.password)
    reader = Neo4jReader(database, FakeHubLists(), FakeHubPaths(), truth)
    yield Graph(Neo4jProjection(database), reader, truth)
    database.close()


def ids(*names: str) -> list[str]:
    return [str(id_of(name)) for name in names]


def test_what_was_written_is_read_back(graph: Graph) -> None:
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


def test_what_was_deleted_stays_deleted(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), edge("e", "Ada", "Bell"))
    graph.had(deleted("relationships", "e", 2), deleted("entities", "Ada", 2))
    graph.had(entity("Ada"), edge("e", "Ada", "Bell"))
    assert graph.name("Ada") is None
    assert graph.edges("Bell") == []


def test_a_deleted_entity_takes_its_edges_along(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), edge("e", "Ada", "Bell"))
    graph.had(deleted("entities", "Ada", 2))
    assert graph.edges("Bell") == []


def test_no_edge_is_ever_made_to_a_tombstone(graph: Graph) -> None:
    graph.had(entity("Ada"), entity("Bell"), deleted("entities", "Ada", 2))
    graph.had(edge("e", "Ada", "Bell"))
    graph.had(entity("Ada"))
    assert graph.edges("Bell") == []


def test_an_edge_that_comes_before_its_ends_waits_for_them(graph: Graph) -> None:
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


def test_an_edge_changes_its_type_whatever_order_the_changes_come_in(graph: Graph) -> None:
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


State = tuple[Mapping[str, Entity], Mapping[str, LinkPage]]


def state(reader: GraphReader) -> State:
    """All that there is of a history."""
    nodes = reader.entities(ids(*NAMES))
    return nodes, reader.links(list(nodes), EVERYTHING, 200, None)


def told_in_order(rows: Sequence[OutboxRow]) -> State:
    """What becomes of a history that is told once, one by one."""
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


@pytest.mark.parametrize("seed", range(3))
def test_a_history_shuffled_and_doubled_ends_as_the_history_does(graph: Graph, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - a history that can be told again
    rows = history(random_)
    tell_shuffled_and_doubled(graph, rows, random_)
    assert state(graph.reader) == told_in_order(rows)


@pytest.mark.parametrize("seed", range(3))
def test_a_history_told_again_shuffled_and_doubled_changes_nothing(graph: Graph, seed: int) -> None:
    """Also where entities were deleted and came back, as those do that were merged and split."""
    random_ = random.Random(seed)  # noqa: S311 - as above
    rows = history(random_, MORE_LIVES)
    graph.had(*rows)
    before = state(graph.reader)
    assert before == told_in_order(rows)
    tell_shuffled_and_doubled(graph, rows, random_)
    assert state(graph.reader) == before


def tell_backwards(graph: Graph, rows: Sequence[OutboxRow]) -> None:
    for one in reversed(rows):
        graph.had(one)


def test_a_history_told_backwards_ends_as_the_history_does(graph: Graph) -> None:
    rows = history(random.Random(1))  # noqa: S311 - as above
    tell_backwards(graph, rows)
    assert state(graph.reader) == told_in_order(rows)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
@pytest.mark.parametrize("without", [without_versions, without_tombstones])
def test_without_a_guard_a_history_told_backwards_ends_elsewhere(
    graph: Graph, without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    rows = history(random.Random(1))  # noqa: S311 - as above
    tell_backwards(graph, rows)
    assert state(graph.reader) != told_in_order(rows)


# Reading


@pytest.fixture
def star(graph: Graph) -> Graph:
    """Hub with six spokes, s0 the surest; s4 and s5 are equally sure; s0 - s1 are joined too."""
    graph.had(
        entity("hub"),
        *(entity(f"s{i}") for i in range(6)),
        *(
            edge(f"h{i}", "hub", f"s{i}", confidence=[0.9, 0.8, 0.7, 0.6, 0.5, 0.5][i])
            for i in range(6)
        ),
        edge("x", "s1", "s0", type="TRUSTS", confidence=0.1, valid_to="2020-01-01T00:00:00+00:00"),
    )
    return graph


def test_links_come_surest_first_and_page_without_gap_or_repetition(star: Graph) -> None:
    hub = str(id_of("hub"))
    seen: list[str] = []
    after = None
    for _ in range(10):
        page = star.reader.links([hub], EVERYTHING, 2, after)[hub]
        seen += [link.relationship.id for link in page.links]
        if not page.has_next:
            break
        last = page.links[-1].relationship
        after = LinkPlace(last.confidence, last.id)
    tied = sorted(ids("h4", "h5"))
    assert seen == [*ids("h0", "h1", "h2", "h3"), *tied]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LinkFilter(types=("TRUSTS",)), ["x"]),
        (LinkFilter(types=()), []),
        (LinkFilter(direction="OUT"), ["x"]),
        (LinkFilter(direction="IN"), ["h1"]),
        (LinkFilter(min_confidence=0.8), ["h1"]),
        (LinkFilter(as_of=datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)), ["h1", "x"]),
        (LinkFilter(as_of=datetime(2020, 1, 1, tzinfo=UTC)), ["h1"]),
    ],
)
def test_links_are_filtered(star: Graph, wanted: LinkFilter, expected: list[str]) -> None:
    assert star.edges("s1", wanted) == ids(*expected)


def test_an_unknown_entity_has_no_page(star: Graph) -> None:
    assert star.reader.links(ids("nobody"), EVERYTHING, 5, None) == {}


def test_a_path_is_a_shortest_one_and_in_order(star: Graph) -> None:
    path = star.path("s1", "s5")
    assert path is not None
    assert [node.name for node in path.nodes] == ["s1", "hub", "s5"]
    assert [r.id for r in path.relationships] == ids("h1", "h5")


@pytest.mark.parametrize(
    ("ends", "hops", "wanted"),
    [
        (("s1", "s5"), 1, EVERYTHING),
        (("s1", "s5"), 4, LinkFilter(min_confidence=0.6)),
        (("s1", "nobody"), 4, EVERYTHING),
    ],
)
def test_there_may_be_no_path(
    star: Graph, ends: tuple[str, str], hops: int, wanted: LinkFilter
) -> None:
    assert star.path(*ends, hops, wanted) is None


def test_a_path_to_oneself_has_no_hop(star: Graph) -> None:
    path = star.path("hub", "hub")
    assert path is not None
    assert [node.name for node in path.nodes] == ["hub"]
    assert path.relationships == ()


def test_a_subgraph_has_every_relationship_among_its_nodes(star: Graph) -> None:
    part = star.reader.subgraph(ids("hub"), 1, 100, EVERYTHING)
    assert part.nodes[0].name == "hub"
    assert len(part.nodes) == 7
    assert [r.id for r in part.relationships][-1] == str(id_of("x"))
    assert len(part.relationships) == 7
    assert not part.truncated


def test_a_subgraph_over_its_size_keeps_the_surest_and_says_so(star: Graph) -> None:
    part = star.reader.subgraph(ids("hub", "nobody"), 2, 3, EVERYTHING)
    assert [node.name for node in part.nodes] == ["hub", "s0", "s1"]
    assert part.truncated


def test_a_subgraph_that_fits_exactly_is_whole(star: Graph) -> None:
    part = star.reader.subgraph(ids("hub"), 3, 7, EVERYTHING)
    assert (len(part.nodes), part.truncated) == (7, False)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
def test_a_subgraph_shows_nothing_that_the_graph_has_not_had(star: Graph) -> None:
    new = [entity("new"), edge("n", "hub", "new"), edge("m", "new", "s0")]
    project(new, star.truth)
    part = star.reader.subgraph(ids("hub"), 2, 100, EVERYTHING)
    assert len(part.nodes) == len(part.relationships) == 7
    assert star.reader.subgraph(ids("new"), 2, 100, EVERYTHING) == Part((), ())
    project(new, star.projection)
    part = star.reader.subgraph(ids("new"), 2, 100, EVERYTHING)
    assert (part.nodes[0].name, len(part.nodes), len(part.relationships)) == ("new", 8, 9)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
def test_of_several_seeds_those_that_do_not_exist_take_no_room(star: Graph) -> None:
    nobodies = [str(id_of(f"nobody {i}")) for i in range(5)]
    part = star.reader.subgraph([*nobodies, *ids("s5", "hub")], 1, 3, EVERYTHING)
    assert [node.name for node in part.nodes] == ["s5", "hub", "s0"]
    assert part.truncated


def _a_call(name: str) -> Callable[[GraphReader], object]:
    calls: dict[str, Callable[[GraphReader], object]] = {
        "entities": lambda reader: reader.entities([]),
        "links": lambda reader: reader.links([], EVERYTHING, 5, None),
        "subgraph": lambda reader: reader.subgraph([], 1, 5, EVERYTHING),
    }
    return calls[name]


@pytest.mark.parametrize("name", ["entities", "links", "subgraph"])
def test_asking_about_nothing_answers_nothing(graph: Graph, name: str) -> None:
    answer = _a_call(name)(graph.reader)
    assert not getattr(answer, "nodes", answer)
