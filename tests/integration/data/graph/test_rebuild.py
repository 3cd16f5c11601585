"""A rebuild brings the whole graph, and readers see it whole."""

from collections.abc import Mapping

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.rebuild import rebuild
from groundwork_data.graph.verify import verify

from ...functions.graph_api.conftest import Api
from .changes_by_hand import CHANGES
from .verifying import SOME, relationships

pytestmark = pytest.mark.usefixtures("small_slices")


def test_a_graph_is_built_from_nothing(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock DETACH DELETE n")
    graph.run("CREATE (:Stray)")
    progress: list[str] = []
    report = rebuild(
        api.database, graph, lambda what, done, all_: progress.append(f"{what} {done}/{all_}")
    )
    assert (report.entities, report.relationships) == (44, 44)
    assert progress[-1] == "relationships 44/44"
    assert verify(api.database, graph).ok


def test_readers_see_the_complete_graph_during_a_rebuild(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Person) SET n.confidence = 0.123")
    seen: list[int] = []
    rebuild(api.database, graph, remember=lambda _check: seen.append(relationships(graph)))
    assert set(seen) == {44}
    assert verify(api.database, graph).ok


def test_readers_see_an_incomplete_graph_if_it_is_emptied_before_a_rebuild(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Entity) DETACH DELETE n")
    seen: list[int] = []
    rebuild(api.database, graph, remember=lambda _check: seen.append(relationships(graph)))
    assert min(seen) == 0


@pytest.mark.parametrize(
    "name",
    [name if name in SOME else pytest.param(name, marks=pytest.mark.long) for name in CHANGES],
)
def test_a_rebuild_corrects_what_repair_corrects(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], name: str
) -> None:
    graph.run(CHANGES[name][0])
    rebuild(api.database, graph)
    assert verify(api.database, graph).ok


def test_a_rebuild_creates_missing_relationships(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH ()-[r:KNOWS]->() DELETE r")
    rebuild(api.database, graph)
    assert verify(api.database, graph).ok
