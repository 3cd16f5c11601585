"""Neo4j's plans are prepared before the first query of a client."""

import re
from collections.abc import Mapping
from contextlib import closing

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.warming import warm
from groundwork_functions.graph_check import handler as graph_check
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ...functions.graph_api.conftest import Api

CLEAR = "CALL db.clearQueryCaches()"
QUERIES = [
    '{ entity(id: "%s") { name neighbours { edges { node { name } relationship { type } } } } }',
    '{ entity(id: "%s") { name relationships(direction: IN) { edges { node { type } } } } }',
    """{ entity(id: "%s") { neighbours(types: ["KNOWS", "LIKES"], minConfidence: 0.5, first: 9,
        asOf: "2020-01-01T00:00:00Z") { edges { node { name key } } } } }""",
    '{ subgraph(seeds: ["%s"], depth: 1) { nodes { name } relationships { type } } }',
    '{ path(from: "%s", to: "00000000-0000-4000-8000-000000000009") { nodes { name type } } }',
    '{ entities(filter: {key: "key:Ada"}) { edges { node { id name type } } } }',
]
KINDS = 4
"""So many statements of the reader answer these."""


def forgotten(graph: GraphDatabase) -> int:
    """Have Neo4j forget its plans; returns how many they were."""
    (row,) = graph.run(CLEAR)
    found = re.search(r"\d+", row["value"])
    return int(found[0]) if found else 0


def planned_by_asking(api: Api, ada: str, *, warmed: bool) -> int:
    """Return how many plans the first queries of clients created."""
    forgotten(api.wiring.graph)
    before = 0
    if warmed:
        warm(api.wiring.graph, 60.0)
        before = forgotten(api.wiring.graph)
        warm(api.wiring.graph, 60.0)
    for query in QUERIES:
        api.data(query.replace("%s", ada))
    return forgotten(api.wiring.graph) - before


def test_a_warmed_graph_plans_no_query_when_asked(api: Api, known: Mapping[str, str]) -> None:
    assert planned_by_asking(api, known["Ada"], warmed=True) == 0


def test_a_graph_that_is_not_warmed_plans_each_kind_of_query(
    api: Api, known: Mapping[str, str]
) -> None:
    assert planned_by_asking(api, known["Ada"], warmed=False) >= KINDS


class Context:
    """Lambda's, with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def planned_behind_the_check(api: Api) -> int:
    """Return how many plans warming created just after the minute's check had run."""
    forgotten(api.wiring.graph)
    graph_check.handler({}, Context())
    by_the_check = forgotten(api.wiring.graph)
    graph_check.handler({}, Context())
    warm(api.wiring.graph, 60.0)
    return forgotten(api.wiring.graph) - by_the_check


@pytest.mark.long
def test_the_check_of_each_minute_warms_the_graph(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_check, "wiring", lambda: api.wiring)
    assert planned_behind_the_check(api) <= 0  # the comparison itself plans more at times
    monkeypatch.setattr(graph_check, "_warm", lambda *_: None)
    assert planned_behind_the_check(api) > 10


def test_an_unreachable_graph_is_not_warmed(api: Api) -> None:
    settings = api.wiring.settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"})
    away = Wiring(Settings.model_validate(settings))
    with closing(away.graph):
        graph_check._warm(away, lambda: True)
