"""The loop of jobs: leases, outcomes, the heartbeat, and what ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from groundwork_client import (
    BadInput,
    Cancelled,
    Client,
    Job,
    LeaseLost,
    Refused,
    Result,
    Retryable,
    StatedBy,
)
from groundwork_client.heartbeat import Heartbeat

from .scripted_server import Answer, Asked, Scripted, serving

TOKEN = "6e1c4f4e-0000-4000-8000-000000000000"
UNTIL = "2026-11-30T12:00:00.5Z"
LOST: Answer = (409, {"type": "/problems/lease-lost"}, {})


def leased(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "extract",
        "payload": {"document_id": "d"},
        "attempt": 1,
        "max_attempts": 5,
        "leased_until": UNTIL,
        "lease_token": TOKEN,
        "checkpoint": {"page": 2},
        "cancel_requested": False,
    }


@contextmanager
def jobs(
    *names: str, when: Callable[[Asked], Answer | None] = lambda _asked: None
) -> Iterator[tuple[Client, Scripted]]:
    """A client of a server that has these jobs; `when` answers otherwise."""
    waiting = [leased(name) for name in names]

    def answer(asked: Asked) -> Answer:
        special = when(asked)
        if special is not None:
            return special
        action = asked.path.rsplit("/", 1)[1]
        if action == "lease":
            count = asked.body.get("max", 1)
            taken = [waiting.pop(0) for _ in range(min(count, len(waiting)))]
            if "max" in asked.body:
                return 200, {"items": taken}, {}
            return (200, taken[0], {}) if taken else (204, None, {})
        if action == "status":
            return 200, {"leased_until": UNTIL, "cancel_requested": False}, {}
        return 200, {}, {}

    with serving(answer) as server, Client(server.url, "gw_live_k", worker="t/1") as client:
        yield client, server


def outcomes(server: Scripted) -> list[tuple[str, Any]]:
    """Return the end of each job: the last part of the path, and the body without its token."""
    found = []
    for asked in server.asked:
        if not asked.path.endswith("/lease"):
            assert asked.body.pop("lease_token") == TOKEN
            found.append((asked.path.removeprefix("/api/v1/jobs/"), asked.body))
    return found


def work(client: Client, do: Callable[[Job], None], **how: Any) -> None:
    for job in client.jobs("extract", when_idle="stop", **how):
        with job:
            do(job)


def test_a_job_is_leased_and_its_result_handed_in() -> None:
    def state(job: Job) -> None:
        assert (job.payload, job.checkpoint, job.attempt) == (
            {"document_id": "d"},
            {"page": 2},
            1,
        )
        result = Result()
        result.mention(result.entity("person", key="ada", name="Ada"), role="author")
        job.succeed(result)

    with jobs("a") as (client, server):
        work(client, state, lease_seconds=30)
    assert server.asked[0].body == {"kinds": ["extract"], "worker": "t/1", "lease_seconds": 30}
    stated = {
        "entities": [{"ref": "entity:0", "type": "person", "key": "ada", "name": "Ada"}],
        "mentions": [{"ref": "entity:0", "role": "author"}],
    }
    assert outcomes(server) == [("a/results", {"result": stated})]


def failing(error: BaseException) -> Callable[[Job], None]:
    def do(_job: Job) -> None:
        raise error

    return do


@pytest.mark.parametrize(
    ("error", "action", "body"),
    [
        (
            Retryable("away", retry_after=90),
            "failure",
            {"class": "retryable", "message": "away", "retry_after_seconds": 90},
        ),
        (BadInput("no text"), "failure", {"class": "bad_input", "message": "no text"}),
        (KeyError("x"), "failure", {"class": "internal", "message": "KeyError: 'x'"}),
        (Cancelled("a"), "release", {}),
    ],
)
def test_an_exception_ends_the_job_and_the_loop_goes_on(
    error: BaseException, action: str, body: dict[str, Any]
) -> None:
    with jobs("a", "b") as (client, server):
        work(client, failing(error))
    assert outcomes(server) == [(f"a/{action}", body), (f"b/{action}", body)]


def test_what_is_left_without_an_outcome_fails() -> None:
    with jobs("a") as (client, server):
        work(client, lambda _job: None)
    ((action, body),) = outcomes(server)
    assert (action, body["class"]) == ("a/failure", "internal")


def test_a_job_without_its_block_is_given_back() -> None:
    with jobs("a", "b") as (client, server):
        assert [job.id for job in client.jobs("extract", when_idle="stop")] == ["a", "b"]
    assert outcomes(server) == [("a/release", {}), ("b/release", {})]


def test_leaving_the_loop_gives_the_rest_of_a_batch_back() -> None:
    with jobs("a", "b", "c") as (client, server):
        for job in client.jobs("extract", batch=3):
            with job:
                job.succeed({})
            break
    assert [path for path, _ in outcomes(server)] == ["a/results", "b/release", "c/release"]


def test_a_job_waits_for_an_outside_batch_and_keeps_a_checkpoint() -> None:
    def wait(job: Job) -> None:
        job.report(0.5, "half", checkpoint={"page": 3})
        job.defer("batch-7", check_after=600)

    with jobs("a") as (client, server):
        work(client, wait)
    assert outcomes(server) == [
        ("a/status", {"progress": 0.5, "message": "half", "checkpoint": {"page": 3}}),
        ("a/defer", {"reference": "batch-7", "check_after_seconds": 600}),
    ]


def test_a_request_to_cancel_is_an_exception_at_the_next_report() -> None:
    def cancel(asked: Asked) -> Answer | None:
        answer = {"leased_until": UNTIL, "cancel_requested": True}
        return (200, answer, {}) if asked.path.endswith("/status") else None

    with jobs("a", when=cancel) as (client, server):
        work(client, lambda job: job.report(0.1))
    assert [path for path, _ in outcomes(server)] == ["a/status", "a/release"]


def test_a_lost_lease_is_an_exception_and_nothing_more_is_sent() -> None:
    raised = []

    def hand_in(job: Job) -> None:
        try:
            job.succeed({})
        except LeaseLost as error:
            raised.append((job.lost, error.status))
            raise

    with jobs("a", "b", when=lambda asked: LOST if "/a/" in asked.path else None) as (
        client,
        server,
    ):
        work(client, hand_in)
    assert raised == [(True, 409)]
    assert [path for path, _ in outcomes(server)] == ["a/results", "b/results"]


def test_a_refused_result_can_be_corrected_under_the_same_lease() -> None:
    def correct(job: Job) -> None:
        with pytest.raises(Refused):
            job.succeed({"entities": "none"})
        job.succeed({})

    def refuse(asked: Asked) -> Answer | None:
        wrong = asked.body.get("result") == {"entities": "none"}
        return (422, {"title": "Invalid"}, {}) if wrong else None

    with jobs("a", when=refuse) as (client, server):
        work(client, correct)
    assert [path for path, _ in outcomes(server)] == ["a/results", "a/results"]


def test_a_release_whose_answer_was_lost_counts_as_done() -> None:
    answers = iter([(0, None, {}), LOST])

    with jobs("a", when=lambda a: next(answers) if a.path.endswith("/release") else None) as (
        client,
        server,
    ):
        work(client, lambda job: job.release())
    assert [path for path, _ in outcomes(server)] == ["a/release", "a/release"]


def test_the_heartbeat_extends_every_held_lease_and_notices_a_lost_one() -> None:
    with jobs("a", "b", "c", when=lambda asked: LOST if "/b/" in asked.path else None) as (
        client,
        server,
    ):
        held = client.lease("extract", batch=3)
        heart = Heartbeat(3600, Job.beat)
        heart.hold(held)
        heart.beat()
        assert [(job.id, job.lost) for job in held] == [("a", False), ("b", True), ("c", False)]
        held[0].succeed({})
        heart.beat()
    assert [path for path, _ in outcomes(server)] == [
        "a/status",
        "b/status",
        "c/status",
        "a/results",
        "c/status",
    ]


def test_a_result_by_parts_is_numbered_and_names_its_model() -> None:
    def state(job: Job) -> None:
        first = Result(StatedBy("big", "3"))
        first.embedding([1, 0.5], model="small")
        job.add(first)
        last = Result()
        person = last.entity("person", key="a", name="A", evidence="A is", stated_by=StatedBy("x"))
        last.mention(person, confidence=0.5)
        last.mention(person, confidence=0.7)
        assert len(last) == 2
        job.succeed(last)

    with jobs("a") as (client, server):
        work(client, state)
    vector = {"subject": "document", "model": "small", "vector": [1.0, 0.5]}
    first = {
        "entities": [],
        "embeddings": [vector],
        "stated_by": {"model": "big", "version": "3"},
        "partial": True,
        "part": 1,
    }
    person = {"ref": "entity:0", "type": "person", "key": "a", "name": "A", "evidence": "A is"}
    last = {
        "entities": [{**person, "stated_by": {"model": "x"}}],
        "mentions": [{"ref": "entity:0", "confidence": 0.5}],
        "part": 2,
    }
    assert outcomes(server) == [("a/results", {"result": first}), ("a/results", {"result": last})]


WORKER = """
import sys
from groundwork_client import Client
with Client(sys.argv[1], "gw_live_k") as client:
    for job in client.jobs("extract", lease_seconds=int(sys.argv[2])):
        with job:
            print("working", flush=True)
            sys.stdin.read()
print("ended", flush=True)
"""


@contextmanager
def worker(url: str, lease_seconds: int = 60) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(lease_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        cwd=Path(__file__).parent,
    )
    with process:
        yield process
        process.kill()


@pytest.mark.parametrize("signal_sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_releases_the_job_and_ends_the_loop(signal_sent: signal.Signals) -> None:
    with jobs("a") as (_, server), worker(server.url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal_sent)
        assert process.stdout.read() == "ended\n"
        assert process.wait(timeout=30) == 0
    assert outcomes(server) == [("a/release", {})]


def test_a_worker_that_is_busy_keeps_its_lease() -> None:
    """The heartbeat of a lease of one second, while the work blocks."""
    with jobs("a") as (_, server), worker(server.url, lease_seconds=1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        while server.paths().count("/jobs/a/status") < 3:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_a_client_needs_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUNDWORK_URL", raising=False)
    with pytest.raises(ValueError, match="GROUNDWORK_URL"):
        Client()
    monkeypatch.setenv("GROUNDWORK_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GROUNDWORK_API_KEY", "gw_live_k")
    assert Client(worker="w").worker == "w"


def test_a_list_is_read_page_by_page() -> None:
    shown = {"source_id": "s", "revision": 1, "url": None, "title": "T", "author": None}
    shown |= {"summary": "", "content": "", "language": None, "content_hash": "0", "later": 1}

    def page(asked: Asked) -> Answer:
        if "cursor=" in asked.path:
            return 200, {"items": [{"id": "2", **shown}], "next_cursor": None}, {}
        return 200, {"items": [{"id": "1", **shown}], "next_cursor": "c+/"}, {}

    with jobs(when=page) as (client, server):
        assert [one.id for one in client.documents(source_id="s")] == ["1", "2"]
    assert server.paths() == ["/documents?source_id=s", "/documents?source_id=s&cursor=c%2B%2F"]
