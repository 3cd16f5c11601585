"""Engagements in partitions by month: each counted once in all of them, and kept for a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from groundwork_core.publishing.keep_engagements import BATCH
from groundwork_core.publishing.rows import EngagementMonths, EngagementRow
from groundwork_data.postgres.engagements import PostgresEngagements

from ....lock_waits import lock_waits
from ....waiting import eventually
from .conftest import Rest
from .test_engagement_sums import differs

LONG_AGO = "0001-01-01T00:00Z"
IN = "SELECT tableoid::regclass::text FROM raw_engagements ORDER BY occurred_at"
READ = """
SELECT relname FROM pg_stat_xact_user_tables
WHERE (seq_scan > 0 OR idx_scan > 0)
    AND (relname LIKE 'raw_engagements%' OR relname = 'engagements')
"""


@pytest.fixture
def way(rest: Rest) -> str:
    content = rest.create("contents", title="On engines")
    made = rest.create("distributions", content_id=content.json["id"], channel="email")
    return str(made.json["id"])


def month(ahead: int) -> date:
    """Return the first day of a month, counted from the present one."""
    today = datetime.now(UTC).date()
    years, months = divmod(today.month - 1 + ahead, 12)
    return date(today.year + years, months + 1, 1)


def item(way: str, ahead: int = 0, **fields: object) -> dict[str, Any]:
    """Return an engagement of the second day of a month."""
    at = f"{month(ahead).replace(day=2)}T10:00:00Z"
    return {"distribution_id": way, "kind": "opened", "occurred_at": at, **fields}


def partition(ahead: int) -> str:
    return f"raw_engagements_{month(ahead):%Y%m}"


def send(rest: Rest, *items: dict[str, Any]) -> list[str]:
    reply = rest("POST", "/api/v1/engagements/batch", {"items": list(items)})
    assert reply.status == 200, reply.text
    return [
        one.get("result") or one["error"]["errors"][0]["pointer"] for one in reply.json["results"]
    ]


def keep(rest: Rest, today: date, months: int) -> EngagementMonths:
    with rest.parts.work() as work:
        return work.engagements.keep_months(today, months, BATCH)


def values(rest: Rest, sql: str) -> list[Any]:
    with psycopg.connect(rest.url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(sql)]


def total(rest: Rest) -> int:
    return int(
        values(rest, "SELECT coalesce(sum(total), 0) FROM engagement_sums WHERE bucket = 'day'")[0]
    )


def test_each_month_has_a_partition_that_is_made_before(rest: Rest, way: str) -> None:
    send(rest, *(item(way, ahead) for ahead in (-1, 0, 1, 2, 5)))
    months = [partition(ahead) for ahead in range(3)]
    assert values(rest, IN) == ["engagements", *months, "raw_engagements_others"]
    assert keep(rest, month(0), 25) == EngagementMonths(0, 0, 0)
    # What came too early to have a partition goes there once it is made.
    assert keep(rest, month(3), 25).made == 3
    assert values(rest, IN)[-1] == partition(5)
    assert differs(rest) == set()


def test_an_event_is_counted_once_in_all_months(rest: Rest, way: str) -> None:
    first = item(way, -1, event_id="e1")
    timeless = {name: value for name, value in first.items() if name != "occurred_at"}
    other = item(way, 1, event_id="e1")
    assert send(rest, first, first, other) == ["created", "unchanged", "/event_id"]
    assert send(rest, first) + send(rest, other) + send(rest, timeless) == [
        "unchanged",
        "/event_id",
        "unchanged",
    ]
    assert (total(rest), len(values(rest, IN))) == (1, 1)


def test_without_the_table_of_ids_an_event_of_two_months_is_counted_twice(
    rest: Rest, way: str
) -> None:
    """With the guard disabled."""
    send(rest, item(way, -1, event_id="e1"))
    values(rest, "DELETE FROM engagement_ids RETURNING id")
    assert send(rest, item(way, 1, event_id="e1")) == ["created"]
    assert total(rest) == 2


def at_the_same_time(rest: Rest, way: str, between: str) -> bool:
    """Store one event in two months in two transactions; return whether both are new."""
    send(rest, item(way, event_id="e1"))
    (known,) = values(rest, "SELECT id FROM raw_engagements")
    values(rest, "DELETE FROM raw_engagements RETURNING id")
    rows = [
        EngagementRow(
            known, values(rest, "SELECT id FROM distributions")[0], "opened", 1,
            datetime.fromisoformat(item(way, ahead)["occurred_at"]), "e1",
        )
        for ahead in (0, 1)
    ]  # fmt: skip
    with (
        psycopg.connect(rest.url) as one,
        psycopg.connect(rest.url) as another,
        ThreadPoolExecutor(1) as pool,
    ):
        assert PostgresEngagements(one).keep(rows[:1])[0].created
        one.execute(between)
        second = pool.submit(PostgresEngagements(another).keep, rows[1:])
        assert eventually(lambda: second.done() or lock_waits(rest.url))
        one.commit()
        return second.result(30)[0].created


def test_of_two_concurrent_batches_one_counts_an_event(rest: Rest, way: str) -> None:
    assert not at_the_same_time(rest, way, "SELECT 1")


def test_without_the_table_of_ids_two_batches_both_count_an_event(rest: Rest, way: str) -> None:
    """With the guard disabled."""
    assert at_the_same_time(rest, way, "DELETE FROM engagement_ids")


def expire(rest: Rest, way: str) -> list[Any]:
    """Let this month and all before expire; return the sums that they had."""
    send(rest, *(item(way, ahead, count=3) for ahead in (-1, 0, 1, 1, 2)))
    sums = values(rest, "SELECT s FROM engagement_sums s ORDER BY s")
    assert keep(rest, month(2), 1) == EngagementMonths(made=2, dropped=1, removed=1)
    assert values(rest, IN) == [partition(1)] * 2 + [partition(2)]
    return sums


def test_sums_of_months_that_are_gone_stay_when_the_others_are_computed_again(
    rest: Rest, way: str
) -> None:
    before = expire(rest, way)
    assert values(rest, "SELECT count(*) FROM outbox WHERE kind = 'deleted'") == [0]
    values(rest, "UPDATE engagement_sums SET total = 0 WHERE at >= now() + '31 days' RETURNING 1")
    with rest.parts.work() as work:
        work.engagements.recount(datetime(2000, 1, 1, tzinfo=UTC))
    assert values(rest, "SELECT s FROM engagement_sums s ORDER BY s") == before
    # Of each of the two months that are left, the sum of an hour and that of a day.
    assert len(differs(rest)) == len(before) - 4


def test_sums_of_months_that_are_gone_are_lost_if_they_are_computed_again(
    rest: Rest, way: str
) -> None:
    """With the guard disabled."""
    before = expire(rest, way)
    values(rest, f"UPDATE engagement_retention SET kept_from = '{LONG_AGO}' RETURNING 1")
    with rest.parts.work() as work:
        work.engagements.recount(datetime(2000, 1, 1, tzinfo=UTC))
    assert len(values(rest, "SELECT s FROM engagement_sums s")) == len(before) - 4


def test_a_recount_reads_only_the_months_that_it_needs(rest: Rest, way: str) -> None:
    send(rest, *(item(way, ahead) for ahead in (-1, 0, 1, 2)))
    since = datetime.combine(month(1), datetime.min.time(), UTC)
    for first, expected in ((since, {1, 2}), (datetime(2000, 1, 1, tzinfo=UTC), {0, 1, 2})):
        with psycopg.connect(rest.url) as connection:
            PostgresEngagements(connection).recount(first)
            read = {row[0] for row in connection.execute(READ)}
        wanted = {partition(ahead) for ahead in expected} | {"raw_engagements_others"}
        assert read == (wanted if 0 not in expected else wanted | {"engagements"})


def test_an_engagement_older_than_the_retention_is_refused(rest: Rest, way: str) -> None:
    keep(rest, month(0), 3)
    old, kept = item(way, -4), item(way, -3)
    assert send(rest, old, kept, {**old, "event_id": "e1"}) == [
        "/occurred_at",
        "created",
        "/occurred_at",
    ]
    alone = rest("POST", "/api/v1/engagements", old)
    assert (alone.status, alone.pointers) == (422, {"/occurred_at"})
    assert f"is before {month(-3)}" in alone.text
    path = rest("POST", "/api/v1/engagements", kept).location
    moved = rest("PATCH", path, {"occurred_at": old["occurred_at"]}, headers={"If-Match": "*"})
    assert (moved.status, moved.pointers) == (422, {"/occurred_at"})
    assert differs(rest) == set()
    # With the guard disabled.
    values(rest, f"UPDATE engagement_retention SET kept_from = '{LONG_AGO}' RETURNING 1")
    assert send(rest, old) == ["created"]
    assert rest("POST", "/api/v1/engagements", old).status == 201


def test_an_engagement_whose_time_changes_moves_to_another_month(rest: Rest, way: str) -> None:
    send(rest, item(way, event_id="e1"))
    (known,) = values(rest, "SELECT id::text FROM raw_engagements")
    path, later = f"/api/v1/engagements/{known}", item(way, 1)["occurred_at"]
    shown = rest("PATCH", path, {"occurred_at": later}, headers={"If-Match": "*"})
    assert (shown.status, shown.json["version"]) == (200, 2)
    assert values(rest, IN) == [partition(1)]
    # Its id is kept as long as it is.
    assert values(rest, "SELECT k.occurred_at = e.occurred_at FROM engagement_ids k"
                  " JOIN raw_engagements e USING (id)") == [True]  # fmt: skip
    assert send(rest, item(way, 1, event_id="e1")) == ["unchanged"]
    assert differs(rest) == set()
    events = values(
        rest, "SELECT aggregate || '.' || kind FROM outbox WHERE aggregate LIKE '%eng%'"
    )
    assert events == ["engagements.created", "engagements.updated"]
    assert rest("DELETE", path, headers={"If-Match": "*"}).status == 204
    assert send(rest, item(way, event_id="e1")) == ["created"]


def test_retention_does_not_wait_for_long_queries(rest: Rest) -> None:
    keep(rest, month(2), 25)
    with psycopg.connect(rest.url) as reading:
        reading.execute("SELECT FROM raw_engagements")
        assert keep(rest, month(2), 1) == EngagementMonths(0, 0, 0)
    assert keep(rest, month(2), 1).dropped == 1


@pytest.mark.parametrize(
    ("role", "refused"), [("ai_worker", psycopg.errors.InsufficientPrivilege), (None, None)]
)
def test_retention_of_engagements_needs_the_right_to_delete_them(
    rest: Rest, role: str | None, refused: type[Exception] | None
) -> None:
    def ask(connection: psycopg.Connection[Any]) -> None:
        connection.execute("SELECT groundwork_keep_engagements(current_date, 1, 1)")

    with psycopg.connect(rest.url) as connection:
        if role:
            connection.execute(f"SET LOCAL SESSION AUTHORIZATION {role}")
        _raises(refused, lambda: ask(connection))


def _raises(expected: type[Exception] | None, call: Callable[[], None]) -> None:
    if expected is None:
        call()
        return
    with pytest.raises(expected):
        call()
