"""Queries of the graph: in memory and on Neo4j."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from groundwork_core.knowledge.graph.model import LinkFilter, LinkPlace, Subgraph
from groundwork_core.knowledge.graph.ports import GraphReader
from groundwork_core.relay.destinations.graph import project

from ..fakes.outbox_rows import edge, entity, id_of
from .conftest import EVERYTHING, Graph, ids


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


def test_relationships_come_most_confident_first_in_pages_without_gap_or_repetition(
    star: Graph,
) -> None:
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
def test_relationships_are_filtered(star: Graph, wanted: LinkFilter, expected: list[str]) -> None:
    assert star.edges("s1", wanted) == ids(*expected)


def test_an_unknown_entity_has_no_page(star: Graph) -> None:
    assert star.reader.links(ids("nobody"), EVERYTHING, 5, None) == {}


def test_a_path_is_a_shortest_one_with_its_nodes_in_order(star: Graph) -> None:
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
def test_a_path_may_not_exist(
    star: Graph, ends: tuple[str, str], hops: int, wanted: LinkFilter
) -> None:
    assert star.path(*ends, hops, wanted) is None


def test_a_path_from_an_entity_to_itself_has_no_relationship(star: Graph) -> None:
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


def test_a_truncated_subgraph_keeps_the_most_confident_neighbours(star: Graph) -> None:
    part = star.reader.subgraph(ids("hub", "nobody"), 2, 3, EVERYTHING)
    assert [node.name for node in part.nodes] == ["hub", "s0", "s1"]
    assert part.truncated


def test_a_subgraph_that_fits_exactly_is_whole(star: Graph) -> None:
    part = star.reader.subgraph(ids("hub"), 3, 7, EVERYTHING)
    assert (len(part.nodes), part.truncated) == (7, False)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
def test_a_subgraph_shows_only_entities_of_the_graph(star: Graph) -> None:
    new = [entity("new"), edge("n", "hub", "new"), edge("m", "new", "s0")]
    project(new, star.truth)
    part = star.reader.subgraph(ids("hub"), 2, 100, EVERYTHING)
    assert len(part.nodes) == len(part.relationships) == 7
    assert star.reader.subgraph(ids("new"), 2, 100, EVERYTHING) == Subgraph((), ())
    project(new, star.projection)
    part = star.reader.subgraph(ids("new"), 2, 100, EVERYTHING)
    assert (part.nodes[0].name, len(part.nodes), len(part.relationships)) == ("new", 8, 9)


@pytest.mark.parametrize("graph", ["neo4j"], indirect=True)
def test_seeds_that_do_not_exist_do_not_count_towards_the_size_of_a_subgraph(star: Graph) -> None:
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
def test_a_call_for_no_ids_returns_nothing(graph: Graph, name: str) -> None:
    answer = _a_call(name)(graph.reader)
    assert not getattr(answer, "nodes", answer)
