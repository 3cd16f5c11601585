"""Sums by hour and day are those of the engagements, whatever happens to these."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from .conftest import Reply, Rest

BATCH = "/api/v1/engagements/batch"
FIRST = datetime(2026, 1, 30, 20, tzinfo=UTC)
RAW = """
SELECT distribution_id, b.bucket, date_trunc(b.bucket, occurred_at, 'UTC'), kind, sum(count),
    coalesce(sum(count) FILTER (WHERE NOT automated), 0), count(*), min(occurred_at),
    max(occurred_at)
FROM raw_engagements CROSS JOIN (VALUES ('hour'), ('day')) b(bucket) GROUP BY 1, 2, 3, 4
"""
SUMS = """
SELECT distribution_id, bucket, at, kind, total, human, engagements, first_at, last_at
FROM engagement_sums
"""


@pytest.fixture
def content(rest: Rest) -> Reply:
    return rest.create("contents", title="On engines")


def sent(rest: Rest, content: Reply) -> str:
    made = rest.create("distributions", content_id=content.json["id"], channel="email")
    return str(made.json["id"])


def send(rest: Rest, *items: dict[str, Any]) -> list[str]:
    reply = rest("POST", BATCH, {"items": list(items)})
    assert all(one["status"] in (200, 201) for one in reply.json["results"]), reply.text
    return [one["id"] for one in reply.json["results"]]


def differs(rest: Rest) -> set[Any]:
    """Return differences between the sums and the engagements."""
    with psycopg.connect(rest.url) as connection:
        return set(connection.execute(RAW)) ^ set(connection.execute(SUMS))


def drawn(seeded: random.Random, way: str) -> dict[str, Any]:
    at = FIRST + timedelta(seconds=seeded.randrange(3 * 86_400))
    return {
        "distribution_id": way,
        "kind": seeded.choice(["opened", "clicked"]),
        "count": seeded.randrange(4),
        "occurred_at": at.isoformat(),
        "agent": seeded.choice([None, "a bot"]),
    }


def through_it_all(rest: Rest, content: Reply) -> None:
    """Add many engagements in several batches; change and remove some; remove a distribution."""
    seeded = random.Random(20_261_130)  # noqa: S311 - the same each time is the point
    ways = [sent(rest, content) for _ in range(3)]
    ids = [
        one
        for _ in range(4)
        for one in send(rest, *(drawn(seeded, seeded.choice(ways)) for _ in range(150)))
    ]
    changes: list[dict[str, Any]] = [
        {"count": 9},
        {"kind": "opened"},
        {"occurred_at": (FIRST + timedelta(days=9)).isoformat()},
    ]
    for n, one in enumerate(seeded.sample(ids, 30)):
        path = f"/api/v1/engagements/{one}"
        if n % 2:
            assert rest("DELETE", path, headers={"If-Match": "*"}).status == 204
        else:
            body = changes[n % 3]
            assert rest("PATCH", path, body, headers={"If-Match": "*"}).status == 200
    with psycopg.connect(rest.url) as connection:
        connection.execute("DELETE FROM distributions WHERE id = %s", [UUID(ways[0])])


def test_the_stored_sums_equal_the_sums_of_the_engagements(rest: Rest, content: Reply) -> None:
    through_it_all(rest, content)
    assert differs(rest) == set()


@pytest.mark.parametrize("trigger", ["sum_created", "sum_updated", "sum_deleted"])
def test_without_a_trigger_the_sums_differ_from_the_engagements(
    rest: Rest, content: Reply, trigger: str
) -> None:
    """With the guard disabled; a recount mends it."""
    with psycopg.connect(rest.url) as connection:
        connection.execute(f"ALTER TABLE raw_engagements DISABLE TRIGGER {trigger}")
    through_it_all(rest, content)
    assert differs(rest)
    with rest.parts.work() as work:
        work.engagements.recount(FIRST - timedelta(days=1))
    assert differs(rest) == set()


def test_sums_of_a_span_are_right_whatever_its_ends(rest: Rest, content: Reply) -> None:
    seeded = random.Random(7)  # noqa: S311 - as above
    way = sent(rest, content)
    items = [drawn(seeded, way) | {"kind": "opened", "agent": None} for _ in range(300)]
    send(rest, *items)
    for _ in range(12):
        ends = sorted(FIRST + timedelta(seconds=seeded.randrange(3 * 86_400)) for _ in range(2))
        expected = sum(
            one["count"]
            for one in items
            if ends[0] <= datetime.fromisoformat(one["occurred_at"]) < ends[1]
        )
        for bucket in ("hour", "day"):
            query = {"bucket": bucket, "from": ends[0].isoformat(), "to": ends[1].isoformat()}
            shown = rest("GET", f"{content.location}/engagement", query=query).json
            assert shown["totals"].get("opened", {"all": 0})["all"] == expected
            assert sum(one["all"] for one in shown["series"]) == expected


def test_the_sums_outlive_the_engagements(rest: Rest, content: Reply) -> None:
    send(rest, {"distribution_id": sent(rest, content), "kind": "opened", "count": 5})
    before = rest("GET", f"{content.location}/engagement", query={"bucket": "day"}).json
    with psycopg.connect(rest.url) as connection:
        connection.execute("SET session_replication_role = replica")  # as retention does it
        connection.execute("DELETE FROM raw_engagements")
    assert rest("GET", f"{content.location}/engagement", query={"bucket": "day"}).json == before


def test_clicks_soon_after_the_delivery_are_automated_even_in_two_batches(
    rest: Rest, content: Reply
) -> None:
    way, at = sent(rest, content), "2026-01-01T10:00:00Z"
    delivery = {"distribution_id": way, "recipient": "ada@example.org", "status": "delivered"}
    rest.create("deliveries", **delivery, delivered_at=at)
    item = {"distribution_id": way, "recipient": "ada@example.org", "kind": "clicked"}
    (soon,) = send(rest, {**item, "kind": "opened", "occurred_at": "2026-01-01T10:00:01Z"})
    times = [f"2026-01-01T11:00:00.{n}Z" for n in (1, 4)]
    first = send(
        rest, *({**item, "occurred_at": one, "link": one} for one in times),
        {**item, "occurred_at": times[0], "link": "x", "recipient": "bob@example.org"},
    )  # fmt: skip
    (third,) = send(rest, {**item, "occurred_at": "2026-01-01T11:00:00.8Z", "link": "c"})
    why = {
        one["id"]: one["automated_reason"]
        for one in rest("GET", "/api/v1/engagements").json["items"]
    }
    assert (why[soon], why[third]) == ("soon", "many_links")
    assert [why[one] for one in first] == ["many_links", "many_links", None]
    totals = rest("GET", f"{content.location}/engagement").json["totals"]
    assert totals == {"clicked": {"all": 4, "human": 1}, "opened": {"all": 1, "human": 0}}
    assert differs(rest) == set()


def test_a_recipient_and_a_link_have_their_bounds(rest: Rest, content: Reply) -> None:
    item = {"distribution_id": str(uuid4()), "kind": "clicked"}
    for field, value in (("recipient", ""), ("recipient", "r" * 601), ("link", "l" * 2_049)):
        reply = rest("POST", BATCH, {"items": [{**item, field: value}]})
        (fault,) = reply.json["results"][0]["error"]["errors"]
        assert fault["pointer"] == f"/{field}"
