"""Idempotency-Key: one effect and one response, despite crashes and simultaneous requests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.retention.remove_expired import remove_expired
from groundwork_data.identity.sealing import KeySeal
from groundwork_data.postgres.kept_responses import PostgresKeptResponses
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.application import Application
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from .conftest import MINT, Reply, Rest

ENTITIES = "/api/v1/entities"
ADA = {"name": "Ada", "type": "person", "confidence": 1.0}
KEPT_HEADERS = ("Location", "ETag", "X-Groundwork-Position")


def ask(rest: Rest, key: str, body: object = ADA, path: str = ENTITIES, **more: Any) -> Reply:
    return rest("POST", path, body, headers={"Idempotency-Key": key}, **more)


def count(rest: Rest, table: str = "entities") -> int:
    row = rest.database.row(f"SELECT count(*) FROM {table}")
    assert row is not None
    return int(row[0])


def test_a_repeated_request_has_one_effect_and_one_response(rest: Rest) -> None:
    first, second = ask(rest, "k"), ask(rest, "k")
    assert (first.status, first.text) == (second.status, second.text)
    assert [first.headers[name] for name in KEPT_HEADERS] == [
        second.headers[name] for name in KEPT_HEADERS
    ]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == ["true"]
    assert count(rest) == 1


def test_a_request_repeated_without_an_idempotency_key_takes_effect_twice(rest: Rest) -> None:
    """With the guard disabled."""
    rest.create("entities", **ADA)
    rest.create("entities", **ADA)
    assert count(rest) == 2


def test_writes_of_several_statements_and_actions_are_idempotent_too(rest: Rest) -> None:
    schedule = {"kind": "interval", "every_seconds": 900}
    body = {"name": "a", "url": "https://a.example.org/", "schedule": schedule}
    made = [ask(rest, "k", body, "/api/v1/sources") for _ in range(2)]
    assert made[0].json == made[1].json
    source = made[0].json["id"]
    rest.database.rows("UPDATE source_states SET ticket = NULL, claimed_until = NULL RETURNING 1")
    asked = [ask(rest, "k", None, f"/api/v1/sources/{source}/fetch") for _ in range(2)]
    assert [one.status for one in asked] == [202, 202], asked[0].text
    assert asked[0].text == asked[1].text
    (event,) = rest("GET", "/api/v1/audit-events", query={"subject_id": source}).json["items"]
    assert event["actor"].startswith("user:")


def test_an_idempotency_key_belongs_to_one_body(rest: Rest) -> None:
    ask(rest, "k")
    other = ask(rest, "k", {**ADA, "name": "Grace"})
    assert (other.status, other.pointers) == (422, {"/Idempotency-Key"})
    assert count(rest) == 1


def test_an_idempotency_key_belongs_to_one_principal_and_one_path(rest: Rest) -> None:
    ask(rest, "k")
    other = ask(rest, "k", token=MINT.token(rest.user("editor")))
    assert (other.status, count(rest)) == (201, 2)
    schedule = {"kind": "interval", "every_seconds": 900}
    body = {"name": "a", "url": "https://a.example.org/", "schedule": schedule}
    assert ask(rest, "k", body, "/api/v1/sources").status == 201


def test_the_response_to_a_failed_request_is_not_kept(rest: Rest) -> None:
    wrong = ask(rest, "k", {**ADA, "confidence": 2})
    assert wrong.status == 422
    taken = {**ADA, "key": "ada"}
    there = rest.create("entities", **taken)
    assert ask(rest, "k", taken).status == 409
    rest("DELETE", there.location, headers={"If-Match": there.etag})
    assert ask(rest, "k", taken).status == 201
    assert count(rest) == 1


@pytest.mark.parametrize("key", ["", " ", "two words", "k" * 256, "ключ", "k\x00", "k\x7f"])
def test_a_malformed_key_is_refused(rest: Rest, key: str) -> None:
    refused = ask(rest, key)
    assert (refused.status, refused.pointers) == (422, {"/Idempotency-Key"})


def test_an_idempotency_key_of_a_read_is_ignored(rest: Rest) -> None:
    made = rest.create("entities", **ADA)
    headers = {"Idempotency-Key": "k", "If-Match": made.etag}
    assert rest("GET", made.location, headers=headers).status == 200
    assert rest("DELETE", made.location, headers=headers).status == 204
    assert count(rest, "kept_answers") == 0


def test_the_permission_is_checked_before_a_stored_response_is_returned(rest: Rest) -> None:
    user = rest.user("editor")
    token = MINT.token(user)
    assert ask(rest, "k", token=token).status == 201
    rest.database.rows("UPDATE users SET roles = '{viewer}' WHERE id = %s RETURNING 1", (user,))
    rest.parts.authenticator._known.clear()
    assert ask(rest, "k", token=token).status == 403


def test_stored_responses_cannot_be_read_from_the_database_alone(rest: Rest) -> None:
    key = "a key that only the client knows".replace(" ", "-")
    ask(rest, key, {**ADA, "name": "Nobody-shall-read-this"})
    row = rest.database.row("SELECT id, fingerprint, sealed FROM kept_answers")
    assert row is not None
    everything = b"".join(bytes(column) for column in row)
    assert b"Nobody-shall" not in everything
    assert key.encode() not in everything
    scope = f"user:{_admin(rest)}\nPOST\n{ENTITIES}"
    assert b"Nobody-shall-read-this" in KeySeal(key, scope).open(bytes(row[2]))
    with pytest.raises(Exception, match=r"^$"):
        KeySeal("another", scope).open(bytes(row[2]))


def test_an_idempotency_key_can_be_used_anew_after_a_day(rest: Rest) -> None:
    ask(rest, "k")
    rest.database.rows("UPDATE kept_answers SET expires_at = now() - interval '1 s' RETURNING 1")
    again = ask(rest, "k")
    assert "Idempotent-Replayed" not in again.headers
    assert count(rest) == 2
    remove_expired(work=rest.parts.work(), clock=_In(timedelta(hours=23)))
    assert count(rest, "kept_answers") == 1
    remove_expired(work=rest.parts.work(), clock=_In(timedelta(hours=25)))
    assert count(rest, "kept_answers") == 0


def test_a_connection_lost_before_the_commit_leaves_no_row_and_no_kept_response(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = PostgresKeptResponses.keep

    def keep_and_lose(self: PostgresKeptResponses, *given: Any) -> None:
        keep(self, *given)
        with psycopg.connect(rest.url, autocommit=True) as other:
            backend = self._connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))

    with monkeypatch.context() as faulty:
        faulty.setattr(PostgresKeptResponses, "keep", keep_and_lose)
        lost = ask(rest, "k")
    assert (lost.status, count(rest)) == (503, 0)
    assert (ask(rest, "k").status, count(rest)) == (201, 1)


def test_while_the_first_is_in_flight_the_second_is_refused_at_once(
    rest: Rest, clients: "list[Rest]"
) -> None:
    rest.create("entities", **ADA)
    with psycopg.connect(rest.url) as blocker, ThreadPoolExecutor(1) as pool:
        blocker.execute("LOCK TABLE entities IN SHARE MODE")
        first = pool.submit(ask, clients[0], "k")
        _until_somebody_waits(rest)
        second = ask(clients[1], "k")
        assert (second.status, second.json["type"]) == (409, "/problems/conflict")
        assert second.headers["Retry-After"] == ["1"]
        assert not first.done()
        blocker.rollback()
        assert first.result().status == 201
    assert ask(clients[1], "k").headers["Idempotent-Replayed"] == ["true"]
    assert count(rest) == 2


def all_at_once(clients: "list[Rest]") -> list[Reply]:
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(lambda client: ask(client, "k"), clients))


def test_only_one_of_twenty_concurrent_requests_has_an_effect(
    rest: Rest, clients: "list[Rest]"
) -> None:
    replies = all_at_once(clients)
    assert {reply.status for reply in replies} <= {201, 409}
    made = [reply for reply in replies if reply.status == 201]
    assert len({reply.json["id"] for reply in made}) == 1
    assert len([one for one in made if "Idempotent-Replayed" not in one.headers]) == 1
    assert count(rest) == 1


def test_without_the_claim_of_the_key_many_of_twenty_concurrent_requests_have_an_effect(
    rest: Rest, clients: "list[Rest]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(PostgresKeptResponses, "claim", lambda *_: True)
    for _ in range(5):
        all_at_once(clients)
        if count(rest) > 1:
            return
        rest.database.rows("DELETE FROM kept_answers RETURNING 1")
        rest.database.rows("DELETE FROM entities RETURNING 1")
    pytest.fail("twenty unguarded clients never met; the guard's test proves nothing")


class _Client(Rest):
    """A further environment of the same database, for the same admin."""

    def __init__(self, first: Rest) -> None:
        self.url, self.admin = first.url, first.admin
        self.parts = Wiring(Settings.from_environment({"DATABASE_URL": first.url}))
        self._handler = Application(router, lambda: self.parts)


@pytest.fixture
def clients(rest: Rest) -> Iterator[list[Rest]]:
    """Twenty environments, each connected and with everything loaded."""
    made: list[Rest] = [_Client(rest) for _ in range(20)]
    for client in made:
        assert client("GET", f"{ENTITIES}/{uuid4()}").status == 404
    yield made
    for client in made:
        client.parts.database.close()


class _In:
    """A clock that is ahead."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


def _admin(rest: Rest) -> str:
    row = rest.database.row("SELECT id FROM users WHERE roles = '{admin}'")
    assert row is not None
    return str(row[0])


def _until_somebody_waits(rest: Rest) -> None:
    while not rest.database.row("SELECT 1 FROM pg_locks WHERE NOT granted"):
        pass


def test_a_repeated_bulk_request_gets_the_same_results_of_its_items(rest: Rest) -> None:
    items = [{**ADA, "key": "ada"}, {**ADA, "confidence": 7}, {**ADA, "key": "bo"}]
    first, second = (ask(rest, "k", {"items": items}, f"{ENTITIES}/bulk") for _ in range(2))
    assert (first.status, first.text) == (second.status, second.text)
    assert second.headers["Idempotent-Replayed"] == ["true"]
    assert count(rest) == 2
