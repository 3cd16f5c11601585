import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from groundwork_core.errors import Conflict, NotFound, Unavailable
from groundwork_core.sources.claim_due import claim_due
from groundwork_core.sources.explain_schedule import explain_schedule
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.model import Interval
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_core.sources.start_watching import CLAIM_SECONDS, plan_after_change
from groundwork_data.cron import next_cron
from groundwork_data.postgres import claim_sql

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

    from groundwork_core.sources.model import FetchCommand

FEED = "https://feed.example/rss"


def make_due(path: "Path", count: int) -> None:
    path.add(*(f"https://s{n}.example/rss" for n in range(count)))
    path.rows("UPDATE source_states SET ticket = NULL, claimed_until = NULL RETURNING 1")


def claim_in_two_threads(path: "Path") -> list[list["FetchCommand"]]:
    """Both schedulers have claimed before either commits."""
    barrier = threading.Barrier(2, timeout=30)

    def scheduler() -> list["FetchCommand"]:
        database = path.connect()
        now = path.clock.now()
        try:
            with path.work(database) as work:
                barrier.wait()
                claimed = work.sources.claim_due(now, now, 30)
                with suppress(threading.BrokenBarrierError):
                    barrier.wait()
                return claimed
        except Exception:
            barrier.abort()  # the other need not wait for this one
            raise
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(scheduler) for _ in range(2)]
        return [one.result() for one in running]


def test_a_new_source_is_fetched_at_once(path: "Path") -> None:
    (source,) = path.add(FEED)
    assert [one["source_id"] for one in path.due()] == [str(source)]


def test_two_schedulers_at_once_claim_different_sources(path: "Path") -> None:
    make_due(path, 60)
    one, other = claim_in_two_threads(path)
    assert (len(one), len(other)) == (30, 30)
    assert not {c.source_id for c in one} & {c.source_id for c in other}


def test_without_skip_locked_a_second_scheduler_fails_on_locked_sources(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        claim_sql, "CLAIM_DUE", claim_sql.CLAIM_DUE.replace("SKIP LOCKED", "NOWAIT")
    )
    make_due(path, 60)
    with pytest.raises(Unavailable):
        claim_in_two_threads(path)


def test_all_due_sources_are_claimed_in_batches_and_only_once(path: "Path") -> None:
    make_due(path, 25)
    asked = len(path.due())
    assert claim_due(work=path.work(), clock=path.clock, batch=10) == 25
    assert claim_due(work=path.work(), clock=path.clock, batch=10) == 0
    assert len(path.due()) - asked == 25


def test_the_claim_of_a_fetch_that_never_reported_expires(path: "Path") -> None:
    path.add(FEED)
    assert claim_due(work=path.work(), clock=path.clock) == 0
    path.clock.forward(seconds=CLAIM_SECONDS + 1)
    assert claim_due(work=path.work(), clock=path.clock) == 1


def test_a_fetch_result_after_the_end_of_its_claim_is_dropped(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    late = path.due()
    path.clock.forward(seconds=CLAIM_SECONDS + 1)
    claim_due(work=path.work(), clock=path.clock)
    path.fetch(late)
    assert path.value("SELECT polls FROM source_states") == 0
    path.fetch(path.due())
    assert path.value("SELECT polls FROM source_states") == 1


def test_a_second_fetch_while_one_runs_is_a_conflict(path: "Path") -> None:
    (source,) = path.add(FEED)
    with pytest.raises(Conflict, match="already"):
        request_fetch(source, work=path.work(), clock=path.clock)
    path.fetch(path.due())
    asked = request_fetch(source, work=path.work(), clock=path.clock)
    assert path.due()[-1]["ticket"] == str(asked.ticket)


def test_a_disabled_source_is_not_fetched(path: "Path") -> None:
    (source,) = path.add(FEED)
    path.rows("UPDATE sources SET enabled = false RETURNING 1")
    path.fetch(path.due())
    assert path.web.asked == []
    with pytest.raises(Conflict, match="disabled"):
        request_fetch(source, work=path.work(), clock=path.clock)
    with path.work() as work:
        explained = explain_schedule(source, sources=work.sources, clock=path.clock)
    assert (explained.next_poll_at, explained.reason) == (None, "disabled")


def test_a_missing_source_is_not_found(path: "Path") -> None:
    with pytest.raises(NotFound):
        request_fetch(uuid4(), work=path.work(), clock=path.clock)
    with path.work() as work, pytest.raises(NotFound):
        explain_schedule(uuid4(), sources=work.sources, clock=path.clock)


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (Failed(Failure.TOO_SLOW, "slow"), "too_slow"),
        (Failed(Failure.TOO_LARGE, "50 MB"), "too_large"),
        (Fetched(b"", FEED), "empty"),
        (Fetched(b"<html><body>Hi</body></html>", FEED), "not_a_feed"),
        (Fetched(b"<rss version='2.0'><channel><tit", FEED), "malformed"),
    ],
)
def test_failures_are_shown_at_their_source_and_others_continue(
    path: "Path", page: Fetched | Failed, error: str
) -> None:
    other = "https://other.example/rss"
    bad, good = path.add(FEED, other)
    path.web.pages[FEED] = page
    path.web.serve(other, path.entry(1))
    assert path.fetch(path.due())["batchItemFailures"] == []
    rows = dict(
        path.rows("SELECT source_id, (status, error_class, failures)::text FROM source_states")
    )
    assert rows == {bad: f"(failing,{error},1)", good: "(ok,,0)"}
    with path.work() as work:
        explained = explain_schedule(bad, sources=work.sources, clock=path.clock)
    assert (explained.reason, explained.inputs["error_class"]) == ("backoff", error)


def test_failures_lengthen_the_pause_and_a_success_resets_it(path: "Path") -> None:
    (source,) = path.add(FEED)
    path.fetch(path.due())
    for failures in (2, 3):
        request_fetch(source, work=path.work(), clock=path.clock)
        path.fetch(path.due())
        assert path.value("SELECT failures FROM source_states") == failures
    path.web.serve(FEED, path.entry(1))
    request_fetch(source, work=path.work(), clock=path.clock)
    path.fetch(path.due())
    assert path.rows("SELECT status, failures, error_class, error_message FROM source_states") == [
        ("ok", 0, None, None)
    ]


def test_an_edited_schedule_plans_the_next_poll_anew(path: "Path") -> None:
    (source,) = path.add(FEED)
    path.web.serve(FEED, path.entry(1), etag='"1"')
    path.fetch(path.due())
    faster = Interval(kind="interval", every_seconds=60).model_dump_json()
    with path.work() as work:
        work.connection.execute("UPDATE sources SET schedule = %s", [faster])
        plan_after_change(
            source,
            frozenset({"schedule"}),
            work=work,
            now=path.clock.now(),
            random=random.Random(1),  # noqa: S311 - jitter, not a secret
            next_cron=next_cron,
        )
    state = path.rows("SELECT next_poll_at - last_poll_at, etag FROM source_states")[0]
    assert 60 <= state[0].total_seconds() <= 62
    assert state[1] == '"1"'
