from datetime import timedelta
from typing import TYPE_CHECKING

from groundwork_core.retention.remove_expired import remove_expired
from groundwork_functions.scheduler.handler import handler
from groundwork_runtime.wiring import wiring

from ....fakes.sockets import MemorySockets

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"


def test_a_run_queues_due_sources_and_repeats_lost_work(path: "Path", environment: None) -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1), path.entry(2))
    path.fetch(path.due())
    first, second = path.job_messages()
    path.extract([first])
    path.rows(
        "UPDATE jobs SET leased_until = now() - interval '1 s' WHERE status = 'leased' RETURNING 1"
    )
    path.rows(
        "UPDATE jobs SET queued_at = now() - interval '1 h' WHERE id = %s RETURNING 1",
        second["job_id"],
    )
    path.rows("UPDATE source_states SET next_poll_at = now() - interval '1 s' RETURNING 1")
    done = handler({}, None)
    assert {name: done[name] for name in ("claimed", "expired", "announced")} == {
        "claimed": 1,
        "expired": 1,
        "announced": 1,
    }
    again = handler({}, None)
    assert (again["claimed"], again["expired"], again["announced"]) == (0, 0, 0)


def test_a_run_closes_sockets_that_have_outlived_their_keys(
    path: "Path", environment: None
) -> None:
    sockets = wiring().sockets = MemorySockets("over", "good", "in person")
    user = path.value(
        "INSERT INTO users (email, roles) VALUES ('k@example.test', '{viewer}') RETURNING id"
    )
    for name, ends in (("over", "0 s"), ("good", "1 h")):
        path.rows(
            "WITH k AS (INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash, expires_at)"
            " VALUES (%s, %s, '{a:read}', 'gw_live_abcd', sha256(%s),"
            " clock_timestamp() + %s::interval) RETURNING id)"
            " INSERT INTO socket_connections (connection_id, user_id, permissions, api_key_id)"
            " SELECT %s, %s, '{}', id FROM k RETURNING 1",
            user, name, name.encode(), ends, name, user,
        )  # fmt: skip
    path.rows(
        "INSERT INTO socket_connections (connection_id, user_id, permissions)"
        " VALUES ('in person', %s, '{}') RETURNING 1",
        user,
    )
    assert [handler({}, None)["closed"] for _ in range(2)] == [1, 0]
    assert sockets.closed == ["over"]


def test_only_what_every_destination_has_carried_is_removed_from_the_outbox(path: "Path") -> None:
    path.add(FEED)
    path.clock.moment += timedelta(days=3_650)
    kept = path.outbox_count()
    assert remove_expired(work=path.work(), clock=path.clock) == 0
    path.rows("UPDATE outbox_cursors SET xid = pg_snapshot_xmax(pg_current_snapshot()) RETURNING 1")
    assert remove_expired(work=path.work(), clock=path.clock) == kept
    assert path.outbox_count() == 0


def test_outbox_rows_younger_than_a_day_are_kept(path: "Path") -> None:
    path.add(FEED)
    path.rows("UPDATE outbox_cursors SET xid = pg_snapshot_xmax(pg_current_snapshot()) RETURNING 1")
    assert remove_expired(work=path.work(), clock=path.clock) == 0
    assert path.outbox_count() > 0
