"""The state of ingestion, over REST."""

from typing import TYPE_CHECKING

import pytest

from groundwork_core.sources.ingestion import OBJECTIVES

if TYPE_CHECKING:
    from tests.integration.functions.rest_api.conftest import Rest

INGESTION = "/api/v1/ingestion"


def sql(rest: "Rest", statement: str) -> None:
    rest.database.rows(f"{statement} RETURNING 1")


def test_an_empty_instance_reports_zeros(rest: "Rest") -> None:
    assert rest("GET", INGESTION).json == {
        "sources": {"total": 0, "enabled": 0, "by_status": {}},
        "due": 0,
        "oldest_due_seconds": 0,
        "backlog_eta_seconds": 0,
        "polls_24h": 0,
        "documents_24h": 0,
        "fresh_share": None,
        "freshness": [{"within": bound, "sources": 0} for bound in (*OBJECTIVES, None)],
        "hosts_open_for_a_day": 0,
        "silent_hubs": 0,
        "oldest_unmarked_seconds": 0,
        "slowest_hosts": [],
    }


def test_sources_polls_and_backlog_are_counted(rest: "Rest") -> None:
    for number in range(4):
        rest.create("sources", name="s", url=f"https://h{number}.test/", enabled=number > 0)
    sql(
        rest,
        "UPDATE source_states SET ticket = NULL, claimed_until = NULL,"
        " next_poll_at = now() - interval '90 s', last_success_at = now() - interval '61 minutes'",
    )
    sql(
        rest,
        "INSERT INTO polls SELECT source_id, now(), 'ok', 200, 1, 1, 0, 0, NULL, 0, 1"
        " FROM source_states",
    )
    sql(
        rest,
        "UPDATE hosts SET mean_ms = 700, circuit_opened_at = now() - interval '2 days'"
        " WHERE host = 'h2.test'",
    )
    sql(rest, "UPDATE sources SET freshness_seconds = 7200 WHERE url = 'https://h1.test/'")
    shown = rest("GET", INGESTION).json
    assert shown["sources"] == {
        "total": 4,
        "enabled": 3,
        "by_status": {"pending": 3, "disabled": 1},
    }
    assert (shown["due"], shown["polls_24h"], shown["backlog_eta_seconds"]) == (3, 4, 450)
    assert 90 <= shown["oldest_due_seconds"] < 300
    assert shown["fresh_share"] == 0.3333
    within = {bucket["within"]: bucket["sources"] for bucket in shown["freshness"]}
    # Half of an objective of two hours, and an hour after two of 30 minutes.
    assert within == {0.25: 0, 0.5: 0, 1.0: 1, 2.0: 1, 4.0: 3, 8.0: 3, None: 3}
    assert shown["hosts_open_for_a_day"] == 1
    assert shown["slowest_hosts"] == [{"host": "h2.test", "mean_ms": 700}]


SUBSCRIBED = """
INSERT INTO push_subscriptions (source_id, hub, topic, status, next_try_at, pushed_at)
SELECT id, 'https://hub.test/', url, {status}, now() + {again}, {pushed} FROM sources
WHERE url = 'https://{host}.test/'
"""
DISTRUSTED = {"status": "'distrusted'", "again": "interval '30 days'"}


@pytest.mark.parametrize(
    ("first", "second", "silent"),
    [
        ({"pushed": "NULL"}, {"pushed": "now() - interval '2 days'"}, 1),
        ({"pushed": "NULL"}, {"pushed": "now()"}, 0),  # it delivers to others
        ({"pushed": "NULL", "again": "interval '28 days'"}, {"pushed": "NULL"}, 0),  # long ago
    ],
)
def test_a_hub_that_has_stopped_to_deliver_is_counted_for_a_day(
    rest: "Rest", first: dict[str, str], second: dict[str, str], silent: int
) -> None:
    for host, given in (("a", DISTRUSTED | first), ("b", {"status": "'active'", **second})):
        rest.create("sources", name="s", url=f"https://{host}.test/")
        sql(rest, SUBSCRIBED.format(host=host, **({"again": "interval '9 days'"} | given)))
    assert rest("GET", INGESTION).json["silent_hubs"] == silent


def test_the_document_that_has_waited_longest_for_its_comparison_is_seen(rest: "Rest") -> None:
    rest.create("sources", name="s", url="https://a.test/")
    sql(
        rest,
        "INSERT INTO documents (source_id, external_id, title, content_hash, updated_at)"
        " SELECT id, n::text, 'T', repeat('0', 64), now() - n * interval '1 hour'"
        " FROM sources, generate_series(0, 1) n",
    )
    assert 3_600 <= rest("GET", INGESTION).json["oldest_unmarked_seconds"] < 3_700
    sql(rest, "UPDATE document_marks SET cluster_id = document_id")
    assert rest("GET", INGESTION).json["oldest_unmarked_seconds"] == 0


def test_the_objective_of_a_source_is_twice_its_usual_pause_unless_set(rest: "Rest") -> None:
    made = rest.create(
        "sources",
        name="s",
        url="https://a.test/",
        schedule={"kind": "interval", "every_seconds": 600},
    )
    assert made.json["freshness_seconds"] == 1_200
    path, match = made.location, {"If-Match": made.etag}
    changed = rest("PATCH", path, {"freshness_seconds": 60}, headers=match)
    assert (changed.status, changed.json["freshness_seconds"]) == (200, 60)
    reset = rest("PATCH", path, {"freshness_seconds": None}, headers={"If-Match": changed.etag})
    assert reset.json["freshness_seconds"] == 1_200
    assert rest("PATCH", path, {"freshness_seconds": 0}, headers={"If-Match": "*"}).status == 422
    assert made.json["state"]["freshness_lag_seconds"] is None


def test_polls_of_a_source_are_listed(rest: "Rest") -> None:
    made = rest.create("sources", name="s", url="https://a.test/")
    assert rest("GET", f"{made.location}/polls").json == {"items": []}
    assert rest("GET", f"{made.location}/polls", query={"limit": "0"}).status == 422
    unknown = "/api/v1/sources/01a22ce1-68ff-7540-b82d-78bee811e421/polls"
    assert rest("GET", unknown).status == 404
