"""Heartbeats and results of several jobs in one request."""

from functools import partial
from typing import Any

import pytest

from groundwork_client import Job, Stopping, Unreachable, together
from groundwork_client.heartbeat import Heartbeat
from groundwork_client.together import beat_together

from .scripted_jobs import LOST, jobs, outcomes, work
from .scripted_server import Answer, Asked

REFUSED: Answer = (422, {"type": "/problems/invalid", "title": "Invalid input"}, {})
AWAY: Answer = (503, {"type": "/problems/unavailable"}, {})


def succeed(job: Job) -> None:
    job.succeed({"n": job.id})


def results(*names: str) -> tuple[str, Any]:
    """The request that hands in the results of these jobs."""
    return "results", {"items": [{"id": name, "result": {"n": name}} for name in names]}


def test_a_heartbeat_extends_all_leases_by_one_request_and_notices_a_lost_one() -> None:
    with jobs("a", "b", "c", when=lambda asked: LOST if "/b/" in asked.path else None) as (
        client,
        server,
    ):
        held = client.lease("extract", batch=3)
        heart = Heartbeat(3600, partial(beat_together, http=client._http))
        heart.hold(held)
        heart.beat()
        assert [(job.id, job.lost) for job in held] == [("a", False), ("b", True), ("c", False)]
        heart.beat()
        held[0].succeed({})
        heart.beat()
        held[2].succeed({})
        heart.beat()
    assert [path for path, _ in outcomes(server)] == [
        "status",
        "status",
        "a/results",
        "c/status",
        "c/results",
    ]


def test_a_heartbeat_that_fails_leaves_the_jobs_to_the_next_one() -> None:
    with jobs("a", "b", when=lambda asked: REFUSED if "status" in asked.path else None) as (
        client,
        _,
    ):
        held = client.lease("extract", batch=2)
        beat_together(held, client._http)
        beat_together(held[:1], client._http)
        assert [job.held for job in held] == [True, True]


def test_results_of_a_batch_are_handed_in_by_one_request() -> None:
    with jobs("a", "b", "c") as (client, server):
        work(client, succeed, batch=2, hand_in="together")
    assert outcomes(server) == [results("a", "b"), results("c")]


def test_results_are_handed_in_one_by_one_unless_the_loop_asks_for_more() -> None:
    with jobs("a", "b") as (client, server):
        work(client, succeed, batch=2)
    assert [path for path, _ in outcomes(server)] == ["a/results", "b/results"]


def test_a_failed_job_is_reported_at_once_and_others_are_handed_in() -> None:
    def fail_a(job: Job) -> None:
        if job.id == "a":
            raise ValueError("no")
        succeed(job)

    with jobs("a", "b", "c") as (client, server):
        work(client, fail_a, batch=3, hand_in="together")
    assert [path for path, _ in outcomes(server)] == ["a/failure", "results"]
    assert outcomes_of(server.asked[-2]) == ["b", "c"]


def outcomes_of(asked: Asked) -> list[str]:
    return [one["id"] for one in asked.body["items"]]


def test_each_result_has_its_own_outcome() -> None:
    answers = {"a": LOST, "b": REFUSED, "c": AWAY}

    def answer(asked: Asked) -> Answer | None:
        name, action = asked.path.split("/")[-2:]
        return answers.pop(name, None) if action == "results" else None

    seen: list[Job] = []

    def keep(job: Job) -> None:
        seen.append(job)
        succeed(job)

    with jobs("a", "b", "c", "d", when=answer) as (client, server):
        work(client, keep, batch=4, hand_in="together")
    found = outcomes(server)
    assert found[0] == results("a", "b", "c", "d")
    assert [path for path, _ in found[1:]] == ["b/failure", "c/results"]
    assert found[1][1]["class"] == "internal"
    assert "422 Invalid input" in found[1][1]["message"]
    assert [(job.outcome, job.lost) for job in seen] == [
        (None, True),
        ("failed", False),
        ("succeeded", False),
        ("succeeded", False),
    ]


def test_a_request_that_is_refused_as_a_whole_is_repeated_for_each_job() -> None:
    def refuse(asked: Asked) -> Answer | None:
        return (413, {"title": "Too large"}, {}) if asked.path.endswith("jobs/results") else None

    with jobs("a", "b", when=refuse) as (client, server):
        work(client, succeed, batch=2, hand_in="together")
    assert [path for path, _ in outcomes(server)] == ["results", "a/results", "b/results"]


def test_kept_results_keep_their_leases_and_may_not_be_replaced() -> None:
    with jobs("a", "b") as (client, server):
        for job in client.jobs("extract", batch=2, hand_in="together", when_idle="stop"):
            with job:
                succeed(job)
                with pytest.raises(RuntimeError):
                    succeed(job)
                assert (job.held, job.unfinished) == (True, False)
                job.beat()
    assert [path for path, _ in outcomes(server)] == ["a/status", "b/status", "results"]


def test_a_worker_that_stops_hands_its_results_in_and_gives_the_rest_back() -> None:
    def stop(job: Job) -> None:
        succeed(job)
        client.stop.tell()
        raise Stopping(0)

    with jobs("a", "b") as (client, server):
        work(client, stop, batch=2, hand_in="together")
    assert [path for path, _ in outcomes(server)] == ["results", "b/release"]


def test_leaving_the_loop_hands_the_results_in() -> None:
    with jobs("a", "b") as (client, server):
        for job in client.jobs("extract", batch=2, hand_in="together"):
            with job:
                succeed(job)
            break
    assert [path for path, _ in outcomes(server)] == ["results", "b/release"]


def test_a_server_that_is_gone_ends_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(asked: Asked) -> Answer | None:
        return (0, None, {}) if asked.path.endswith("results") else None

    with jobs("a", "b", when=gone) as (client, _):
        monkeypatch.setattr(client._http, "_retry_seconds", 0)
        with pytest.raises(Unreachable):
            work(client, succeed, batch=2, hand_in="together")


def test_results_that_are_too_large_together_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "BYTES_MAX", 20)
    with jobs("a", "b", "c") as (client, server):
        work(client, succeed, batch=3, hand_in="together")
    assert outcomes(server) == [results("a", "b"), results("c")]
