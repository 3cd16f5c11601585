"""Execution by levels gives the same results as graphql-core."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import ExecutionContext, ExecutionResult, GraphQLError, execute, parse, validate
from tests.fakes.graph import FakeGraph

from groundwork_core.caller import Caller
from groundwork_core.embeddings.search import Found, Search
from groundwork_core.ids import new_id
from groundwork_core.knowledge.graph.model import (
    Details,
    DocumentCard,
    EntityFilter,
    EntityPage,
    GraphEntity,
    GraphRelationship,
    Subgraph,
)
from groundwork_runtime.graphql.levels import LevelExecution
from groundwork_runtime.graphql.loader import GraphLoader
from groundwork_runtime.graphql.schema import make_schema

SCHEMA = make_schema()
MAY = frozenset({"entities:read", "relationships:read"})
IDS = [f"00000000-0000-7000-8000-{number:012x}" for number in range(30)]
NOBODY = "00000000-0000-7000-8000-ffffffffffff"
TYPES = ["person", "organization", "topic", "other"]


def search_nothing(_asked: Search) -> Found:
    return Found(items=[])


class FakeCatalogue:
    """Lists all entities; has details of every second one."""

    def find(self, wanted: EntityFilter, first: int, after: str | None) -> EntityPage:
        ids = [id_ for id_ in IDS if after is None or id_ > after]
        return EntityPage(tuple(ids[:first]), len(ids) > first)

    def survivors(self, _ids: object) -> dict[str, str]:
        return {}

    def entity_details(self, ids: Any) -> Mapping[str, Details]:
        return {id_: Details({"of": id_, "n": [1, None]}, {}) for id_ in sorted(ids)[::2]}

    relationship_details = entity_details

    def documents(self, _ids: object) -> dict[str, DocumentCard]:
        return {}


def world(**changed: Any) -> FakeGraph:
    """Thirty entities, ninety relationships; `changed` are the values of one entity's fields."""
    draw = random.Random(4)  # noqa: S311 - the same in every run is what is wanted
    graph = FakeGraph()
    for number, id_ in enumerate(IDS):
        aliases = tuple(f"alias {i}" for i in range(number % 3))
        key = f"key {number}" if number % 2 else None
        graph.nodes[id_] = GraphEntity(
            id_, 1, f"Entity {number}", TYPES[number % 4], draw.random(), key, aliases
        )
    graph.nodes[IDS[3]] = graph.nodes[IDS[3]]._replace(**changed)
    for number in range(90):
        a, b = draw.choice(IDS), draw.choice(IDS)
        id_ = f"00000000-0001-7000-8000-{number:012x}"
        begins = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=number % 3)))
        graph.edges[id_] = GraphRelationship(
            id_,
            1,
            draw.choice(["KNOWS", "OWNS"]),
            a,
            b,
            draw.randrange(4) / 4,
            begins if number % 2 else None,
            begins.astimezone(UTC) + timedelta(days=number) if number % 5 else None,
        )
    return graph


def executed(
    how: type[ExecutionContext], query: str, graph: FakeGraph, may: frozenset[str] = MAY
) -> str:
    """Execute and return the response as text, so that the order of names counts too."""
    document = parse(query)
    assert not validate(SCHEMA, document)
    result = execute(
        SCHEMA,
        document,
        context_value=GraphLoader(
            Caller(new_id(), (), may, "test"), graph, FakeCatalogue(), search_nothing
        ),
        variable_values={"yes": True, "no": False, "id": IDS[1], "two": 2},
        execution_context_class=how,
        is_awaitable=lambda _: False,
    )
    assert isinstance(result, ExecutionResult)
    errors = [GraphQLError.formatted.fget(error) for error in result.errors or ()]  # type: ignore[attr-defined]
    return json.dumps({"data": result.data, "errors": errors})


ALL = """id name type confidence key aliases attributes provenance __typename"""
EDGE = """id type confidence validFrom validTo attributes provenance from { id } to { id name }"""
SEEDS = f'seeds: ["{IDS[0]}", "{IDS[3]}"]'
VARIABLES = "query ($yes: Boolean!, $no: Boolean!, $id: ID!, $two: Int)"
QUERIES = [
    f'{{ entity(id: "{IDS[3]}") {{ {ALL} }} }}',
    f'{{ entity(id: "{NOBODY}") {{ {ALL} }} other: entity(id: "{IDS[2]}") {{ n: name name }} }}',
    f"{{ entities(first: 30) {{ edges {{ cursor node {{ {ALL} }} }} pageInfo {{ endCursor }} }} }}",
    f"{{ subgraph({SEEDS}, depth: 2) {{ truncated nodes {{ {ALL} }}"
    f" relationships {{ {EDGE} }} }} }}",
    f"{{ subgraph({SEEDS}, depth: 1, maxNodes: 4) {{ truncated nodes {{ id }} __typename }} }}",
    "{ subgraph(seeds: []) { truncated nodes { id } relationships { from { name } } } }",
    f'{{ path(from: "{IDS[0]}", to: "{IDS[9]}") {{ length nodes {{ name }}'
    f" relationships {{ {EDGE} }} }} }}",
    f'{{ path(from: "{IDS[0]}", to: "{NOBODY}") {{ length }} }}',
    f"""{VARIABLES} {{ entity(id: $id) {{
        out: neighbours(direction: OUT, first: $two) {{ ...Page }}
        into: neighbours(direction: IN, first: 3) {{ ...Page edges {{ node {{ key }} }} }}
        relationships(types: ["KNOWS"]) {{ edges {{ cursor node {{ {EDGE} }} }}
                                           pageInfo {{ hasNextPage endCursor }} }}
        name @include(if: $no) key @skip(if: $yes) type @include(if: $yes)
        ... on Entity @include(if: $no) {{ aliases }}
        ... @skip(if: $no) {{ id confidence }} }} }}
    fragment Page on NeighbourConnection {{
        edges {{ node {{ id neighbours(first: 2) {{ edges {{ node {{ name aliases }} }} }} }}
                 relationship {{ id from {{ name }} }} }}
        pageInfo {{ hasNextPage endCursor __typename }} }}""",
    "query ($id: ID!, $yes: Boolean!) { entity(id: $id) { name @skip(if: $yes) } }",
    "{ entities(first: 3) { edges { node { neighbours(first: 999) { edges { cursor } } } } } }",
    '{ entities(first: 3) { edges { node { relationships(after: "x") { edges { cursor } } } } } }',
    f'{{ entity(id: "{IDS[0]}") {{ name }} bad: entity(id: "no") {{ name }} __typename }}',
    "{ __schema { queryType { name fields { name args { name defaultValue } } } } }",
    '{ __type(name: "Entity") { kind fields { name type { kind ofType { name } } } } }',
]


@pytest.mark.parametrize("query", QUERIES)
def test_both_executions_give_the_same_result(query: str) -> None:
    assert executed(LevelExecution, query, world()) == executed(ExecutionContext, query, world())


FAULTS: list[dict[str, Any]] = [
    {"name": None},
    {"confidence": float("nan")},
    {"confidence": 1},
    {"confidence": "much"},
    {"confidence": True},
    {"type": "planet"},
    {"type": None},
    {"aliases": None},
    {"aliases": ("a", None)},
    {"aliases": "text"},
    {"aliases": (1, 2)},
    {"name": 7},
    {"name": True},
    {"key": ["a list"]},
    {"name": ValueError("as a value")},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("query", QUERIES[:5])
def test_an_invalid_value_is_reported_as_by_graphql_core(query: str, fault: dict[str, Any]) -> None:
    assert executed(LevelExecution, query, world(**fault)) == executed(
        ExecutionContext, query, world(**fault)
    )


def test_an_end_that_is_missing_is_an_error_at_its_place() -> None:
    graph = world()
    edge = next(iter(graph.edges.values()))
    graph.edges[edge.id] = edge._replace(to_id=NOBODY)
    graph.subgraph = lambda *_: _part_of(graph)  # type: ignore[method-assign]
    answer = executed(LevelExecution, QUERIES[3], graph)
    assert answer == executed(ExecutionContext, QUERIES[3], graph)
    assert json.loads(answer)["errors"][0]["path"][-1] == "to"


def _part_of(graph: FakeGraph) -> Subgraph:
    return Subgraph(tuple(graph.nodes.values()), tuple(graph.edges.values()))


def test_a_missing_permission_is_reported_at_the_same_path() -> None:
    may = frozenset({"entities:read"})
    for query in QUERIES[:9]:
        assert executed(LevelExecution, query, world(), may) == executed(
            ExecutionContext, query, world(), may
        )


@pytest.mark.parametrize("query", QUERIES[:9])
def test_valid_results_never_use_graphql_core(query: str, monkeypatch: Any) -> None:
    came: list[str] = []
    real = ExecutionContext.complete_object_value

    def complete(self: ExecutionContext, type_: Any, *more: Any) -> Any:
        came.append(type_.name)
        return real(self, type_, *more)

    monkeypatch.setattr(ExecutionContext, "complete_object_value", complete)
    executed(LevelExecution, query, world())
    assert not came
    executed(ExecutionContext, QUERIES[0], world())
    assert came  # the check sees it when it does


def test_a_wrong_column_would_be_seen(monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "groundwork_runtime.graphql.levels._leaves", lambda _, values, kinds: list(values)[::-1]
    )
    assert executed(LevelExecution, QUERIES[2], world()) != executed(
        ExecutionContext, QUERIES[2], world()
    )


def fallbacks(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the `error` of each fallback that was emitted as a metric."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["error"] for line in lines if "graphql_level_fallbacks" in line]


def test_each_fallback_is_counted_and_logged_with_the_type_of_its_error(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="groundwork_runtime.graphql.levels"):
        executed(LevelExecution, QUERIES[0], world(name=None))
        executed(LevelExecution, QUERIES[3], world(confidence="much"))
    assert fallbacks(capsys) == ["Unsupported", "GraphQLError"]
    assert [vars(line)["error_type"] for line in caplog.records] == ["Unsupported", "GraphQLError"]
    assert "much" not in caplog.text


def test_a_query_by_levels_counts_no_fallback(capsys: pytest.CaptureFixture[str]) -> None:
    for query in QUERIES[:9]:
        executed(LevelExecution, query, world())
    assert fallbacks(capsys) == []
