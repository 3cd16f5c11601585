"""A query that names the position of a write never gets an answer from before it."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from groundwork_core.knowledge.graph import await_position
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Api

AROUND_ADA = """query ($id: ID!) { entity(id: $id) { name aliases relationships(first: 200) {
    edges { node { type confidence from { name } to { name } } } } } }"""
NEWCOMERS = '{ entities(filter: {q: "New"}) { edges { node { name } } } }'

WRITES: Mapping[str, tuple[str, ...]] = {
    "an entity is made": ("INSERT INTO entities (name, type) VALUES ('New', 'person')",),
    "an entity is changed": ("UPDATE entities SET aliases = '{Countess}' WHERE name = 'Ada'",),
    "a relationship is made": (
        "INSERT INTO relationships (from_id, to_id, type) SELECT a.id, b.id, 'CITES'"
        " FROM entities a, entities b WHERE a.name = 'Ada' AND b.name = 'Dust'",
    ),
    "a relationship is changed": (
        "UPDATE relationships SET confidence = 0.1 WHERE type = 'WRITES_FOR'",
    ),
    "a relationship is deleted": ("DELETE FROM relationships WHERE type = 'WRITES_FOR'",),
    "its other end is deleted": ("DELETE FROM entities WHERE name = 'Cray'",),
    "it is deleted itself": ("DELETE FROM entities WHERE name = 'Ada'",),
}


def write(api: Api, *statements: str) -> str:
    """Run them in one transaction; return its position."""
    with api.database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)
        row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
    assert row is not None
    return str(row[0])


def seen(api: Api, ada: str, position: str) -> Any:
    """Return what two queries show from a position on, or the error code if it is too far ahead."""
    shown = []
    for query in (AROUND_ADA, NEWCOMERS):
        body = {"query": query, "variables": {"id": ada} if "$id" in query else {}}
        answered = json.loads(api.post(body, X_Groundwork_Min_Position=position).body or "")
        if "errors" in answered:
            return answered["errors"][0]["extensions"]["code"]
        shown.append(answered["data"])
    return shown


class OneBatch(GraphDestination):
    batches_ahead = 0


def carry_once(api: Api, limit: int) -> None:
    destination = OneBatch(Neo4jProjection(api.wiring.graph))
    carry(destination, PostgresUnitOfWork(api.database), limit=limit)


def test_while_the_relay_is_stopped_a_query_fails_with_graph_behind(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(await_position, "PATIENCE_SECONDS", 0.02)
    before = seen(api, known["Ada"], "0")
    for name, statements in WRITES.items():
        position = write(api, *statements)
        assert seen(api, known["Ada"], position) == "GRAPH_BEHIND", name
        api.relay()
        after = seen(api, known["Ada"], position)
        assert after not in ("GRAPH_BEHIND", before), name
        before = after


def test_without_the_wait_a_query_shows_the_graph_before_the_write(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: nobody waits, and the relay stands still."""
    monkeypatch.setattr("groundwork_runtime.graphql.executor.await_position", lambda *_: None)
    before = seen(api, known["Ada"], "0")
    for statements in WRITES.values():
        assert seen(api, known["Ada"], write(api, *statements)) == before


def test_a_position_is_reached_only_when_its_whole_transaction_is(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(await_position, "PATIENCE_SECONDS", 0.02)
    position = write(
        api,
        "UPDATE entities SET aliases = '{Fan}' WHERE name LIKE 'Fan%'",
        "UPDATE entities SET aliases = '{Countess}' WHERE name = 'Ada'",
    )
    for _ in range(4):
        carry_once(api, limit=10)
        assert seen(api, known["Ada"], position) == "GRAPH_BEHIND"
    carry_once(api, limit=10)
    assert seen(api, known["Ada"], position)[0]["entity"]["aliases"] == ["Countess"]


def test_a_query_waits_about_two_seconds_and_then_gets_retry_after(
    api: Api, known: Mapping[str, str]
) -> None:
    position = write(api, *WRITES["an entity is made"])
    began = time.monotonic()
    answer = api.post({"query": NEWCOMERS}, X_Groundwork_Min_Position=position)
    assert 1.5 < time.monotonic() - began < 20
    assert json.loads(answer.body or "")["errors"][0]["extensions"]["code"] == "GRAPH_BEHIND"
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("position", ["", "x", "-1", "1e3", "9" * 19, "9" * 40, "٣"])
def test_a_malformed_position_text_is_refused(api: Api, position: str) -> None:
    answer = api.post({"query": "{ __typename }"}, X_Groundwork_Min_Position=position)
    answered = json.loads(answer.body or "")
    assert answered["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
