"""Bulk writes of up to 1,000 items: each succeeds or fails by itself, in few statements."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.errors import Unavailable
from groundwork_core.knowledge import bulk
from groundwork_core.knowledge.resources import NewEntity
from groundwork_data.postgres import knowledge_sql
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import MINT, Reply, Rest

ENTITIES, EDGES = "/api/v1/entities/bulk", "/api/v1/relationships/bulk"


def topics(count: int, **fields: object) -> list[dict[str, Any]]:
    return [{"name": f"N{n}", "type": "topic", "key": f"k{n}", **fields} for n in range(count)]


def send(rest: Rest, path: str, *items: object) -> Reply:
    reply = rest("POST", path, {"items": items})
    assert reply.status == 200, reply.text
    return reply


def outcomes(reply: Reply) -> list[tuple[int, str | None]]:
    return [(one["status"], one.get("result")) for one in reply.json["results"]]


def ids(reply: Reply) -> list[str]:
    return [one["id"] for one in reply.json["results"]]


def test_bulk_entities_are_created_updated_or_unchanged(rest: Rest) -> None:
    first = send(rest, ENTITIES, *topics(3))
    assert outcomes(first) == [(201, "created")] * 3
    assert first.headers["X-Groundwork-Position"][0].isdigit()
    again = send(rest, ENTITIES, *topics(2), {**topics(3)[2], "name": "Other"})
    assert outcomes(again) == [(200, "unchanged"), (200, "unchanged"), (200, "updated")]
    assert ids(again) == ids(first)
    shown = [rest("GET", f"/api/v1/entities/{id_}").json for id_ in ids(first)]
    assert [(one["version"], one["name"], one["aliases"]) for one in shown] == [
        (1, "N0", []),
        (1, "N1", []),
        (2, "N2", ["Other"]),
    ]
    nothing = send(rest, ENTITIES, *topics(3))
    assert "X-Groundwork-Position" not in nothing.headers


def test_an_entity_without_a_key_is_always_new(rest: Rest) -> None:
    item = {"name": "A", "type": "topic"}
    reply = send(rest, ENTITIES, item, item)
    assert outcomes(reply) == [(201, "created")] * 2
    assert len(set(ids(reply))) == 2


def test_two_bulk_items_with_one_key_are_merged_in_order(rest: Rest) -> None:
    one = {"name": "First", "type": "topic", "key": "k", "attributes": {"a": 1, "b": 1}}
    two = {"name": "Second", "type": "topic", "key": "k", "attributes": {"b": 2}}
    other = {"name": "Other kind", "type": "work", "key": "k"}
    reply = send(rest, ENTITIES, one, two, other, one)
    assert outcomes(reply) == [
        (201, "created"),
        (200, "updated"),
        (201, "created"),
        (200, "updated"),
    ]
    assert len(set(ids(reply))) == 2
    shown = rest("GET", f"/api/v1/entities/{ids(reply)[0]}").json
    assert (shown["version"], shown["name"], shown["aliases"], shown["attributes"]) == (
        1,
        "First",
        ["Second"],
        {"a": 1, "b": 1},
    )


BAD: dict[str, tuple[Any, str]] = {
    "no object": (5, ""),
    "no name": ({"type": "topic"}, "/name"),
    "an unknown field": ({"name": "A", "type": "topic", "nope": 1}, "/nope"),
    "a type that is none": ({"name": "A", "type": "spaceship"}, "/type"),
    "a number for a word": ({"name": "A", "type": "topic", "aliases": ["b", 1]}, "/aliases/1"),
    "more than an index takes": ({"name": "A", "type": "topic", "key": "漢" * 900}, "/key"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_invalid_item_does_not_affect_others(shared_rest: Rest, name: str) -> None:
    item, pointer = BAD[name]
    key = str(uuid4())
    good = {"name": "Good", "type": "topic", "key": key}
    reply = send(shared_rest, ENTITIES, good, item, {**good, "key": key + "2"})
    assert [one["status"] for one in reply.json["results"]] == [201, 422, 201]
    assert [one["index"] for one in reply.json["results"]] == [0, 1, 2]
    bad = reply.json["results"][1]
    assert "id" not in bad
    assert [fault["pointer"] for fault in bad["error"]["errors"]] == [pointer]
    assert shared_rest("GET", "/api/v1/entities", query={"key": key}).json["items"]


def test_a_name_too_long_for_bulk_is_too_long_for_a_single_create(shared_rest: Rest) -> None:
    reply = shared_rest("POST", "/api/v1/entities", {"name": "漢" * 900, "type": "topic"})
    assert (reply.status, reply.pointers) == (422, {"/name"})


def test_relationships_are_upserted_by_ends_type_and_beginning(rest: Rest) -> None:
    a, b = ids(send(rest, ENTITIES, *topics(2)))
    edge = {"from_id": a, "to_id": b, "type": "KNOWS", "confidence": 0.5}
    later = {**edge, "valid_from": "2026-01-01T00:00:00Z"}
    first = send(rest, EDGES, edge, later, {**later, "valid_from": "2026-01-01T01:00:00+01:00"})
    assert outcomes(first) == [(201, "created"), (201, "created"), (200, "updated")]
    assert ids(first)[1] == ids(first)[2] != ids(first)[0]
    again = send(rest, EDGES, edge, {**later, "confidence": 0.9, "attributes": {"n": 1}})
    assert outcomes(again) == [(200, "unchanged"), (200, "updated")]
    shown = rest("GET", f"/api/v1/relationships/{ids(first)[1]}").json
    assert (shown["confidence"], shown["attributes"], shown["version"]) == (0.9, {"n": 1}, 2)


def test_a_relationship_without_an_end_does_not_affect_others(rest: Rest) -> None:
    a, b = ids(send(rest, ENTITIES, *topics(2)))
    edge = {"from_id": a, "to_id": b, "type": "KNOWS"}
    times = {"valid_from": "2026-02-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}
    reply = send(rest, EDGES, {**edge, "to_id": str(uuid4())}, edge, {**edge, **times})
    assert [one["status"] for one in reply.json["results"]] == [422, 201, 422]
    pointers = [one["error"]["errors"][0]["pointer"] for one in reply.json["results"][::2]]
    assert pointers == ["/to_id", "/valid_to"]


@pytest.mark.parametrize("path", [ENTITIES, EDGES])
def test_more_than_a_thousand_items_are_refused_and_an_empty_list_is_accepted(
    shared_rest: Rest, path: str
) -> None:
    reply = shared_rest("POST", path, {"items": [{}] * 1_001})
    assert (reply.status, reply.pointers) == (422, {"/items"})
    assert send(shared_rest, path).json == {"results": []}


@pytest.mark.parametrize(("role", "status"), [("analyst", 200), ("service", 200), ("viewer", 403)])
def test_a_bulk_request_needs_the_permission_to_write(
    shared_rest: Rest, role: str, status: int
) -> None:
    token = MINT.token(shared_rest.user(role))
    reply = shared_rest("POST", ENTITIES, {"items": []}, token=token)
    assert reply.status == status


def statements(rest: Rest, path: str, items: list[dict[str, Any]]) -> int:
    """Count the statements of one call as the server sees them."""
    sent: list[object] = []
    connection = rest.database._open()
    execute = connection.execute

    def counting(*given: Any, **options: Any) -> Any:
        sent.append(given[0])
        return execute(*given, **options)

    connection.execute = counting  # type: ignore[method-assign]
    try:
        send(rest, path, *items)
    finally:
        del connection.execute
    return len(sent)


def test_a_bulk_request_takes_as_many_statements_for_any_number_of_items(rest: Rest) -> None:
    few, many = topics(2), topics(1_000)
    send(rest, ENTITIES, *few)
    assert statements(rest, ENTITIES, few) == statements(rest, ENTITIES, many) <= 2
    known = ids(send(rest, ENTITIES, *many))
    edges = [{"from_id": a, "to_id": b, "type": "NEXT_TO"} for a, b in pairwise(known)]
    assert statements(rest, EDGES, edges[:2]) == statements(rest, EDGES, edges) <= 3


def test_a_thousand_are_written_and_announced_in_order(rest: Rest) -> None:
    began = time.perf_counter()
    reply = send(rest, ENTITIES, *topics(1_000))
    print(f"1,000 new entities: {time.perf_counter() - began:.3f} s")
    assert [one["index"] for one in reply.json["results"]] == list(range(1_000))
    assert {one["status"] for one in reply.json["results"]} == {201}
    names = dict(rest.database.rows("SELECT id::text, name FROM entities"))
    assert [names[id_] for id_ in ids(reply)] == [f"N{n}" for n in range(1_000)]
    (row,) = rest.database.rows("SELECT count(*) FROM outbox WHERE aggregate = 'entities'")
    assert row == (1_000,)
    began = time.perf_counter()
    send(rest, ENTITIES, *topics(1_000, confidence=1.0, attributes={"a": 1}))
    print(f"1,000 changed entities: {time.perf_counter() - began:.3f} s")
    known = ids(reply)
    edges = [{"from_id": a, "to_id": b, "type": "NEXT_TO"} for a, b in pairwise(known)]
    began = time.perf_counter()
    send(rest, EDGES, *edges)
    print(f"999 new relationships: {time.perf_counter() - began:.3f} s")


SLOWLY = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE INSERT ON entities FOR EACH ROW EXECUTE FUNCTION slowly()
"""


def both_ways(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Write the same keys from two sides at once, in opposite orders; return how many gave way."""
    monkeypatch.setattr(bulk, "TRIES", 1)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(SLOWLY)
    start = threading.Barrier(2)

    def write(way: int) -> bool:
        database = Database(rest.url, application_name="writer")
        items = [
            NewEntity(name=f"{100 + way * n:03}", type="topic", key=f"k{n:03}")
            for n in range(1, 101)
        ]
        start.wait()
        try:
            bulk.upsert_entities(
                dict(enumerate(items[::way])),
                work=lambda: PostgresUnitOfWork(database),
            )
        except Unavailable:
            return True
        finally:
            database.close()
        return False

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(write, (1, -1)))


def test_two_bulk_requests_in_opposite_orders_do_not_deadlock(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert both_ways(rest, monkeypatch) == 0
    assert rest.database.row("SELECT count(*), max(cardinality(aliases)) FROM entities") == (100, 1)


def test_without_one_order_of_writing_two_bulk_requests_deadlock(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: each writes in an order of its own."""
    ordered = knowledge_sql.UPSERT_ENTITIES
    monkeypatch.setattr(
        knowledge_sql,
        "UPSERT_ENTITIES",
        ordered.replace("ORDER BY i.type, i.key", "ORDER BY i.name"),
    )
    assert ordered != knowledge_sql.UPSERT_ENTITIES
    assert both_ways(rest, monkeypatch) > 0


@pytest.mark.parametrize("failures", [2, 3])
def test_a_bulk_write_is_tried_again_after_a_deadlock(rest: Rest, failures: int) -> None:
    left = iter(range(failures))

    def work() -> PostgresUnitOfWork:
        if next(left, None) is not None:
            raise Unavailable("The database is too busy.")
        return rest.parts.work()

    items = {0: NewEntity(name="A", type="topic")}
    if failures < bulk.TRIES:
        assert len(bulk.upsert_entities(items, work=work).items) == 1
    else:
        with pytest.raises(Unavailable):
            bulk.upsert_entities(items, work=work)
