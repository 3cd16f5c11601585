"""Engagements: in batches, each counted once, with sums for a content."""

from typing import Any
from uuid import uuid4

import pytest

from groundwork_core.publishing import count_engagements
from groundwork_data.postgres import engagements

from .conftest import MINT, Reply, Rest

BATCH = "/api/v1/engagements/batch"
FIRST, LAST = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"


@pytest.fixture
def content(rest: Rest) -> Reply:
    return rest.create("contents", title="On engines")


def sent(rest: Rest, content: Reply) -> str:
    made = rest.create("distributions", content_id=content.json["id"], channel="email")
    return str(made.json["id"])


def send(rest: Rest, *items: object) -> list[dict[str, Any]]:
    reply = rest("POST", BATCH, {"items": items})
    assert reply.status == 200, reply.text
    results: list[dict[str, Any]] = reply.json["results"]
    return results


def outcomes(results: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [
        (one["status"], one.get("result") or one["error"]["errors"][0]["pointer"])
        for one in results
    ]


def sums(rest: Rest, content: Reply) -> dict[str, Any]:
    reply = rest("GET", f"{content.location}/engagement")
    assert reply.status == 200, reply.text
    shown: dict[str, Any] = reply.json
    return shown


def test_each_item_of_a_batch_has_its_own_result(rest: Rest, content: Reply) -> None:
    good = {"distribution_id": sent(rest, content), "kind": "opened"}
    nowhere = {**good, "distribution_id": str(uuid4())}
    results = send(rest, good, nowhere, {**good, "kind": "Not One"}, {**good, "count": 3}, good)
    assert outcomes(results) == [
        (201, "created"),
        (422, "/distribution_id"),
        (422, "/kind"),
        (201, "created"),
        (201, "created"),
    ]
    assert [one["index"] for one in results] == list(range(5))
    assert sums(rest, content)["totals"] == {"opened": {"all": 5, "human": 5}}
    shown = rest("GET", f"/api/v1/engagements/{results[3]['id']}").json
    assert (shown["count"], shown["version"], shown["occurred_at"]) == (3, 1, shown["created_at"])


def again(rest: Rest, content: Reply) -> list[tuple[int, str]]:
    """Send items with ids twice, one of them twice in the second batch, and one made different."""
    way = sent(rest, content)
    items = [
        {"id": str(uuid4()), "distribution_id": way, "kind": "opened", "occurred_at": FIRST}
        for _ in range(3)
    ]
    del items[1]["occurred_at"]
    assert outcomes(send(rest, *items)) == [(201, "created")] * 3
    new = {**items[0], "id": str(uuid4())}
    return outcomes(
        send(rest, *items[:2], {**items[2], "count": 2}, new, new, {**new, "kind": "x"})
    )


ONCE = [
    (200, "unchanged"),
    (200, "unchanged"),
    (422, "/id"),
    (201, "created"),
    (200, "unchanged"),
    (422, "/id"),
]


def test_an_engagement_with_an_id_is_counted_once(rest: Rest, content: Reply) -> None:
    assert again(rest, content) == ONCE
    assert sums(rest, content)["totals"] == {"opened": {"all": 4, "human": 4}}


def test_without_the_unique_id_an_engagement_is_counted_twice(
    rest: Rest, content: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: the client's id is not the row's."""
    keep = engagements.KEEP.replace(
        "SELECT i.id, i.distribution_id", "SELECT uuidv7(), i.distribution_id"
    )
    keep = keep.replace("(id) DO NOTHING", "(id) DO UPDATE SET occurred_at = excluded.occurred_at")
    assert keep != engagements.KEEP
    monkeypatch.setattr(engagements, "KEEP", keep)
    with pytest.raises((AssertionError, KeyError)):
        again(rest, content)
    assert sums(rest, content)["totals"] != {"opened": {"all": 4, "human": 4}}


def test_the_sums_of_a_content_cover_all_its_distributions_and_no_other(
    rest: Rest, content: Reply
) -> None:
    nothing = {"content_id": content.json["id"], "totals": {}, "first_at": None, "last_at": None}
    nothing |= {"series": [], "series_truncated": False}
    assert sums(rest, content) == nothing
    other = rest.create("contents", title="Another")
    ways = [sent(rest, content), sent(rest, content), sent(rest, other)]
    send(
        rest,
        {"distribution_id": ways[0], "kind": "delivered", "count": 10**9, "occurred_at": LAST},
        {"distribution_id": ways[1], "kind": "delivered", "count": 10**9, "occurred_at": FIRST},
        {"distribution_id": ways[1], "kind": "clicked", "occurred_at": LAST},
        {"distribution_id": ways[2], "kind": "clicked", "count": 7},
    )
    assert sums(rest, content) == {
        "content_id": content.json["id"],
        "totals": {
            "clicked": {"all": 1, "human": 1},
            "delivered": {"all": 2 * 10**9, "human": 2 * 10**9},
        },
        "first_at": FIRST,
        "last_at": LAST,
        "series": [],
        "series_truncated": False,
    }
    before = rest.database.statements
    sums(rest, other)
    assert rest.database.statements - before == 1


def test_an_unknown_content_has_no_sums(rest: Rest) -> None:
    for nothing in (uuid4(), "x"):
        assert rest("GET", f"/api/v1/contents/{nothing}/engagement").status == 404


def test_a_batch_has_its_limit_and_its_permission(rest: Rest, content: Reply) -> None:
    too_many = rest("POST", BATCH, {"items": [{}] * 1_001})
    assert (too_many.status, too_many.pointers) == (422, {"/items"})
    item = {"distribution_id": sent(rest, content), "kind": "opened"}
    assert len({one["id"] for one in send(rest, *[item] * 1_000)}) == 1_000
    assert send(rest) == []
    for role, status in (("service", 200), ("viewer", 403)):
        token = MINT.token(rest.user(role))
        assert rest("POST", BATCH, {"items": []}, token=token).status == status


def test_an_event_is_counted_once_for_each_distribution(rest: Rest, content: Reply) -> None:
    ways = [sent(rest, content), sent(rest, content)]
    first = {"distribution_id": ways[0], "kind": "opened", "event_id": "e1", "occurred_at": FIRST}
    other = {**first, "distribution_id": ways[1]}
    assert outcomes(send(rest, first, other, first)) == [
        (201, "created"),
        (201, "created"),
        (200, "unchanged"),
    ]
    assert outcomes(send(rest, first, {**other, "count": 2}, {**first, "id": str(uuid4())})) == [
        (200, "unchanged"),
        (422, "/event_id"),
        (422, "/id"),
    ]
    assert sums(rest, content)["totals"]["opened"]["all"] == 2


def test_without_the_unique_event_id_an_event_is_counted_again(
    rest: Rest, content: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = {"distribution_id": sent(rest, content), "kind": "opened", "event_id": "e1"}
    send(rest, item)
    monkeypatch.setattr(count_engagements, "uuid5", lambda *_: uuid4())
    send(rest, item)
    assert sums(rest, content)["totals"]["opened"]["all"] == 2


def test_engagements_of_programs_are_counted_separately(rest: Rest, content: Reply) -> None:
    way = sent(rest, content)
    agents = ["Mozilla/5.0 (X11; Linux)", "Googlebot/2.1", "curl/8.5", "Slackbot-LinkExpanding 1.0"]
    items = [{"distribution_id": way, "kind": "clicked", "agent": one} for one in agents]
    made = send(rest, *items, {"distribution_id": way, "kind": "clicked"})
    assert sums(rest, content)["totals"] == {"clicked": {"all": 5, "human": 2}}
    shown = rest("GET", f"/api/v1/engagements/{made[1]['id']}").json
    assert (shown["agent"], shown["automated"]) == ("Googlebot/2.1", True)
    ours = rest("POST", BATCH, {"items": [{**items[0], "automated": True}]}).json["results"]
    assert outcomes(ours) == [(422, "/automated")]


def test_the_series_adds_up_to_the_totals(rest: Rest, content: Reply) -> None:
    way = sent(rest, content)
    times = ("2026-01-01T10:00:00Z", "2026-01-01T10:59:59Z", "2026-01-01T23:30:00-01:00")
    send(
        rest,
        *({"distribution_id": way, "kind": "opened", "occurred_at": at} for at in times),
        {"distribution_id": way, "kind": "opened", "occurred_at": times[0], "agent": "a bot"},
    )

    def asked(**query: str) -> dict[str, Any]:
        reply = rest("GET", f"{content.location}/engagement", query=query)
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json
        return found

    assert asked(bucket="hour")["series"] == [
        {"at": "2026-01-01T10:00:00+00:00", "kind": "opened", "all": 3, "human": 2},
        {"at": "2026-01-02T00:00:00+00:00", "kind": "opened", "all": 1, "human": 1},
    ]
    days = asked(bucket="day")
    assert [one["all"] for one in days["series"]] == [3, 1]
    assert days["totals"]["opened"] == {"all": 4, "human": 3}
    part = asked(**{"bucket": "day", "from": "2026-01-01T10:30:00Z", "to": "2026-01-02"})
    assert part["totals"] == {"opened": {"all": 1, "human": 1}}
    assert [one["all"] for one in part["series"]] == [1]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"bucket": "week"}, "/bucket"),
        ({"from": "soon"}, "/from"),
        ({"since": "1"}, "/since"),
        ({"bucket": ["hour", "day"]}, "/bucket"),
    ],
)
def test_the_query_of_sums_is_validated(
    rest: Rest, content: Reply, query: dict[str, str | list[str]], pointer: str
) -> None:
    reply = rest("GET", f"{content.location}/engagement", query=query)
    assert (reply.status, reply.pointers) == (422, {pointer})
