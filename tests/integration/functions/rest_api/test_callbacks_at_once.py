"""Callbacks at the same time, and callbacks of a killed process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from groundwork_core.publishing import take_callback
from groundwork_core.publishing.end_distributions import end_all_finished
from groundwork_data.postgres import callback_one_sql
from groundwork_data.postgres.callbacks import PostgresCallbacks

from ....lock_waits import until_one_waits
from .callbacks import Publisher, delivery, now, status_of, update
from .conftest import Rest


def test_the_last_two_deliveries_may_end_at_the_same_time(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    def end(recipient: str) -> int:
        mine = Rest.beside(rest)
        sender = Publisher.__new__(Publisher)
        sender.rest, sender.secret = mine, publisher.secret
        try:
            return sender(update(sending, recipient)).status
        finally:
            mine.database.close()

    publisher.sends(*(update(sending, f"r{n}", "sent") for n in range(8)))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(end, (f"r{n}" for n in range(8)))) == {200}
    assert status_of(rest, sending) == "sent"


@contextmanager
def uncommitted(rest: Rest, publisher: Publisher, *updates: Any) -> Iterator[None]:
    """Apply a callback in a transaction that commits at the end of the block."""
    other = Rest.beside(rest)
    other.parts.nudge = lambda: None
    sender = Publisher.__new__(Publisher)
    sender.rest, sender.secret = other, publisher.secret
    try:
        with other.database.transaction():
            assert sender(*updates).status == 200
            yield
    finally:
        other.database.close()


def test_callbacks_about_other_recipients_do_not_wait(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    with uncommitted(rest, publisher, update(sending, "eve", "sent", external_id="m1")):
        assert publisher(update(sending, "ada", "sent", external_id="m2")).status == 200
        # Whoever needs the whole distribution waits.
        with psycopg.connect(rest.url) as third:
            third.execute("SET lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                PostgresCallbacks(third).lock_distributions({UUID(sending)})


RACES = {
    "new": ([], ["ada"]),
    "known": (["ada"], ["ada"]),
    "several new": ([], ["ada", "eve"]),
    "several known": (["ada", "eve"], ["ada", "eve"]),
    "known and new": (["ada"], ["ada", "eve"]),
}


@pytest.mark.parametrize("race", RACES)
@pytest.mark.parametrize("later_is_first", [False, True])
def test_of_two_callbacks_at_once_about_a_delivery_the_later_state_stays(
    rest: Rest, publisher: Publisher, sending: str, race: str, *, later_is_first: bool
) -> None:
    before, names = RACES[race]
    if before:
        publisher.sends(*(update(sending, name, "pending") for name in before))
    earlier = [update(sending, name, "sent", occurred_at=now(1)) for name in names]
    later = [update(sending, name, "delivered", occurred_at=now(2)) for name in names]
    first, second = (later, earlier) if later_is_first else (earlier, later)
    with ThreadPoolExecutor(1) as pool:
        with uncommitted(rest, publisher, *first):
            reply = pool.submit(publisher, *second)
            until_one_waits(rest.url)
        reported = reply.result().json
    applied = 0 if later_is_first else len(names)
    assert (reported["applied"], reported["stale"]) == (applied, len(names) - applied)
    for name in names:
        assert delivery(rest, sending, name)["status"] == "delivered"


def test_without_comparing_versions_the_earlier_state_wins(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = "AND deliveries.version = $15::bigint"
    without = callback_one_sql.TAKE_ONE_KNOWN.replace(comparison, "AND $15::bigint > 0")
    monkeypatch.setattr(callback_one_sql, "TAKE_ONE_KNOWN", without)
    with pytest.raises(AssertionError):
        test_of_two_callbacks_at_once_about_a_delivery_the_later_state_stays(
            rest, publisher, sending, "known", later_is_first=True
        )


@pytest.mark.parametrize("race", ["new", "several new", "several known"])
def test_without_refusing_outdated_writes_a_callback_would_be_lost(
    rest: Rest, publisher: Publisher, sending: str, race: str
) -> None:
    rest.database.rows(
        "CREATE OR REPLACE FUNCTION groundwork_refuse_outdated() RETURNS boolean"
        " LANGUAGE sql AS 'SELECT true'"
    )
    with pytest.raises(AssertionError):
        test_of_two_callbacks_at_once_about_a_delivery_the_later_state_stays(
            rest, publisher, sending, race, later_is_first=False
        )


def test_an_external_id_that_another_callback_takes_meanwhile_is_a_conflict(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    publisher.sends(update(sending, "bob", "pending"))
    for name in ("ada", "bob"):  # new and known
        with ThreadPoolExecutor(1) as pool:
            with uncommitted(rest, publisher, update(sending, f"x{name}", external_id=name)):
                reply = pool.submit(publisher, update(sending, name, external_id=name))
                until_one_waits(rest.url)
            reported = reply.result().json
        assert (reported["conflicting"], reported["applied"]) == (1, 0)


def test_after_some_tries_a_callback_locks_the_distributions(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_callback, "TRIES_WITHOUT_LOCK", 0)
    assert publisher.sends(update(sending, status="sent"))["applied"] == 1
    assert publisher.sends(update(sending), update(sending, "eve"), id_="msg")["applied"] == 2
    assert publisher.sends(update(sending), update(sending, "eve"), id_="msg")["repeated"]
    assert status_of(rest, sending) == "sent"


def test_a_distribution_that_is_removed_meanwhile_is_unknown(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    for status, known in (("pending", False), ("sent", True)):
        if known:
            sending = second_distribution(rest)
            publisher.sends(update(sending, status="pending"))
        with ThreadPoolExecutor(1) as pool:
            with psycopg.connect(rest.url) as other:
                other.execute("DELETE FROM distributions WHERE id = %s", [sending])
                reply = pool.submit(publisher, update(sending, status=status))
                until_one_waits(rest.url)
            reported = reply.result().json
        assert (reported["unknown"], reported["repeated"]) == (1, False)


def second_distribution(rest: Rest) -> str:
    content = rest.create("contents", title="On looms").json["id"]
    made = rest.create("distributions", content_id=content, channel="email", status="sending")
    return str(made.json["id"])


def test_the_sweep_ends_distributions_that_a_killed_process_left(
    rest: Rest, publisher: Publisher, sending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_callback, "end_finished", lambda *_, **__: None)
    publisher.sends(update(sending))
    assert status_of(rest, sending) == "sending"
    parts = rest.parts
    ended = end_all_finished(work=parts.work(), finished=parts.finished_distributions)
    assert (ended, status_of(rest, sending)) == (1, "sent")
