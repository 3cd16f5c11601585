"""An entity with 100,000 relationships: every question about it stays within its limits."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_core.knowledge.graph.model import RELATIONSHIPS_A_NODE
from groundwork_data.graph.bulk import create
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.expected_rows import FIRST, ExpectedRows, Stage
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_runtime.graphql.executor import REQUEST_SECONDS

from ..integration.functions.graph_api.conftest import Api, api

__all__ = ["api"]
pytestmark = pytest.mark.long

DEGREE = 100_000
HITS = DEGREE // 2
"""Database hits that a question may cost the graph: fewer than looking at each relationship."""

ENTRIES = DEGREE // 10
"""Entries of indexes that a subgraph may cost Postgres: far fewer than the hub has."""

# The hub has number 0, a second hub 1, a chain away from the hub 2 to 5, and 6 is alone.
ENTITIES = """
INSERT INTO entities (id, name, type, confidence)
SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'One ' || i, 'topic', 1
FROM generate_series(0, %(degree)s + 9) i
"""
RELATIONSHIPS = """
WITH ends (a, b, i) AS (
    SELECT CASE WHEN i %% 2 = 0 THEN 0 ELSE i END, CASE WHEN i %% 2 = 0 THEN i ELSE 0 END, i
    FROM generate_series(10, %(degree)s + 9) i
    UNION ALL SELECT 1, i, i FROM generate_series(10, 5009) i
    UNION ALL SELECT * FROM (VALUES (10, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1)) chain
)
INSERT INTO relationships (from_id, to_id, type, confidence, valid_from, valid_to)
SELECT ('00000000-0000-7000-8000-' || lpad(a::text, 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad(b::text, 12, '0'))::uuid,
    CASE WHEN i %% 1000 = 0 THEN 'RARE' ELSE (ARRAY['KNOWS', 'LIKES', 'OWNS'])[1 + i %% 3] END,
    (i * 7919 %% 1000) / 1000.0,
    CASE WHEN i %% 2 = 0 THEN timestamptz '2020-01-01' END,
    CASE WHEN i %% 5 = 0 THEN timestamptz '2022-01-01' END
FROM ends
"""

# In batches: all at once is more than a transaction may hold.
EMPTY = (
    "MATCH ()-[r]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS",
    "MATCH (n:Entity) CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS",
)


def id_of(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012}"


HUB, OTHER_HUB, END_OF_CHAIN, ALONE, LEAF, FAR_LEAF = map(id_of, (0, 1, 5, 6, 11, 99_999))

FILTERS: Mapping[str, dict[str, object]] = {
    "all": {},
    "out": {"direction": "OUT"},
    "in": {"direction": "IN"},
    "a type": {"types": ["KNOWS"]},
    "a rare type": {"types": ["RARE"]},
    "no such type": {"types": ["NO_SUCH"]},
    "sure": {"minConfidence": 0.9},
    "past": {"asOf": "2019-01-01T00:00:00Z"},
    "all at once": {
        "types": ["LIKES", "OWNS"],
        "direction": "IN",
        "minConfidence": 0.2,
        "asOf": "2021-01-01T00:00:00Z",
    },
}
GIVEN = "$types: [String!], $minConfidence: Float, $asOf: DateTime"
TAKEN = "types: $types, minConfidence: $minConfidence, asOf: $asOf"
ENTITY = "query ($id: ID!) { entity(id: $id) { name attributes provenance } }"
LINKS = f"""query ($id: ID!, {GIVEN}, $direction: Direction, $first: Int, $after: String) {{
    entity(id: $id) {{ links: %s({TAKEN}, direction: $direction, first: $first, after: $after) {{
        edges {{ cursor node {{ id attributes }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
TWO_HOPS = f"""query ($id: ID!, {GIVEN}, $direction: Direction) {{ entity(id: $id) {{
    neighbours(first: 50, {TAKEN}, direction: $direction) {{ edges {{ node {{
        neighbours(first: 50, {TAKEN}, direction: $direction) {{
            edges {{ node {{ id }} }} }} }} }} }} }} }}"""
PATH = f"""query ($from: ID!, $to: ID!, $maxHops: Int, {GIVEN}) {{
    path(from: $from, to: $to, maxHops: $maxHops, {TAKEN}) {{
        length nodes {{ id attributes }} relationships {{ type }} }} }}"""
SUBGRAPH = f"""query ($seeds: [ID!]!, $depth: Int, $most: Int, {GIVEN}) {{
    subgraph(seeds: $seeds, depth: $depth, maxNodes: $most, {TAKEN}) {{
        nodes {{ id }} relationships {{ id from {{ id }} to {{ id }} }} truncated }} }}"""


@pytest.fixture
def supernode(api: Api) -> Iterator[Api]:
    """The world with the hub in it, in both stores; the graph's made as a rebuild makes it."""
    with api.database.transaction() as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in (ENTITIES, RELATIONSHIPS):
            connection.execute(statement, {"degree": DEGREE})
    api.database.rows("ANALYZE entities, relationships")
    expected, graph = ExpectedRows(api.database), api.wiring.graph
    types = sorted(expected.types())
    Neo4jProjection(graph).constrain(types)
    for stage in (Stage("entities"), *(Stage("relationships", name) for name in types)):
        for part in expected.slices(stage, 10_000, FIRST):
            assert create(graph, stage, part.rows, expected.waiting) == []
    yield api
    for statement in EMPTY:
        graph.run(statement)


@contextmanager
def profiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Have every reading statement of the graph tell what it cost, in database hits."""
    hits: list[int] = []

    def costs(plan: Mapping[str, Any]) -> int:
        return int(plan.get("dbHits", 0)) + sum(map(costs, plan.get("children", ())))

    def read(self: GraphDatabase, cypher: str, parameters: Any, **_: float) -> list[Any]:
        with self._session(access="READ") as session:
            result = session.run("PROFILE " + cypher, dict(parameters))
            rows = list(result)
            hits.append(costs(result.consume().profile or {}))
        return rows

    with monkeypatch.context() as patched:
        patched.setattr(GraphDatabase, "read", read)
        yield hits


def ask(api: Api, query: str, **variables: object) -> Any:
    """Ask; the response has no error and comes within the time of a request."""
    began = time.monotonic()
    data = api.data(query, **variables)
    assert time.monotonic() - began < REQUEST_SECONDS
    return data


def pages(api: Api, field: str, first: int, wanted: dict[str, object]) -> list[Any]:
    """The first two pages of the hub's links; none is longer than it may be."""
    found = []
    after = None
    for _ in range(2):
        given = {"id": HUB, "first": first, "after": after, **wanted}
        page = ask(api, LINKS % field, **given)["entity"]["links"]
        assert len(page["edges"]) <= first
        found.append(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    return found


def subgraph(api: Api, seed: str, depth: int, most: int, **wanted: object) -> Any:
    given = {"seeds": [seed], "depth": depth, "most": most, **wanted}
    part = ask(api, SUBGRAPH, **given)["subgraph"]
    assert len(part["nodes"]) <= most
    assert len(part["relationships"]) <= most * RELATIONSHIPS_A_NODE
    return part


def entries_read_by_a_subgraph(api: Api, most: int) -> int:
    """Return the index entries that Postgres reads for a subgraph around the hub."""

    def read() -> int:
        api.wiring.database.rows("SELECT pg_stat_force_next_flush()")
        ((found,),) = api.wiring.database.rows(
            "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'relationships'"
        )
        return int(found)

    before = read()
    subgraph(api, HUB, 1, most)
    return read() - before


def unaimed(wanted: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in wanted.items() if name != "direction"}


def test_every_query_about_a_supernode_stays_within_its_limits(
    supernode: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    links_and_parts_cost_little(supernode, monkeypatch)
    paths_come_in_time(supernode)


def links_and_parts_cost_little(supernode: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with profiled(monkeypatch) as hits:
        assert ask(supernode, ENTITY, id=HUB)["entity"]["name"] == "One 0"
        for name, wanted in FILTERS.items():
            for field in ("neighbours", "relationships"):
                found = pages(supernode, field, 50, wanted)
                nobody = name in {"no such type", "past"}
                assert len(found) == (1 if nobody and not found[0]["edges"] else 2), name
            ask(supernode, TWO_HOPS, id=LEAF, **wanted)
            ask(supernode, TWO_HOPS, id=HUB, **wanted)
        assert len(pages(supernode, "neighbours", 200, {})[1]["edges"]) == 200

        for name, wanted in FILTERS.items():
            for depth in (0, 1, 2, 3):
                for seed in (HUB, LEAF, END_OF_CHAIN):
                    part = subgraph(supernode, seed, depth, 200, **unaimed(wanted))
                    if name == "all" and seed == HUB and depth > 0:
                        assert part["truncated"]
                        assert len(part["nodes"]) == 200
        assert subgraph(supernode, HUB, 3, 1_000)["truncated"]
        assert max(hits) < HITS, sorted(hits)[-5:]
    assert 200 <= entries_read_by_a_subgraph(supernode, 200) < ENTRIES


def paths_come_in_time(supernode: Api) -> None:
    """From it, to it, and through it."""

    def length(start: str, finish: str, **wanted: object) -> int | None:
        found = ask(supernode, PATH, **{"from": start, "to": finish, **wanted})["path"]
        return None if found is None else int(found["length"])

    for name, wanted in FILTERS.items():
        given = unaimed(wanted)
        for start, finish in ((HUB, LEAF), (LEAF, HUB), (LEAF, FAR_LEAF), (HUB, OTHER_HUB)):
            assert (length(start, finish, **given) is None) or name != "no such type"
        length(HUB, END_OF_CHAIN, maxHops=6, **given)
        length(LEAF, END_OF_CHAIN, maxHops=6, **given)
        assert length(HUB, ALONE, maxHops=6, **given) is None
        assert length(ALONE, LEAF, maxHops=6, **given) is None
    assert length(LEAF, FAR_LEAF) == 2
    assert length(HUB, END_OF_CHAIN, maxHops=6) == 5
    assert length(HUB, END_OF_CHAIN, maxHops=4) is None


def test_without_hub_lists_a_query_reads_every_relationship(
    supernode: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: no degree makes a hub, so all that it has is read."""
    monkeypatch.setattr("groundwork_data.graph.store.HUB_DEGREE", 10 * DEGREE)
    with profiled(monkeypatch) as hits:
        pages(supernode, "neighbours", 50, {})
        assert max(hits) > DEGREE
    assert entries_read_by_a_subgraph(supernode, 200) > 4 * ENTRIES


def test_a_deleted_supernode_is_removed_from_both_stores(supernode: Api) -> None:
    supernode.sql("DELETE FROM entities WHERE id = %s RETURNING id", HUB)
    for _ in range(10):
        # Neo4j may pause for longer than a connection waits; the relay then tries again.
        with suppress(GraphUnavailable):
            supernode.relay(5_000)
    supernode.relay(5_000)
    assert supernode.sql("SELECT count(*) FROM relationships") == [(5_004,)]
    counted = "MATCH ()-[r]->() RETURN count(r) AS links"
    assert supernode.wiring.graph.run(counted) == [{"links": 5_004}]
    assert ask(supernode, ENTITY, id=HUB)["entity"] is None
