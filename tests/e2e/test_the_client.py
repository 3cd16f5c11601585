"""Workers that use the client, as processes: frozen, stopped, and beside each other."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest
from tests.child_instance import Instance

from groundwork_client import Client, Refused, Result, StatedBy

from ..waiting import eventually

WORKER = """
import sys
from groundwork_client import Client, LeaseLost
with Client(worker=sys.argv[2]) as client:
    for job in client.jobs(sys.argv[1], lease_seconds=int(sys.argv[3])):
        with job:
            print("working", flush=True)
            sys.stdin.readline()
            try:
                job.succeed({"by": sys.argv[2]})
            except LeaseLost:
                print("lost", flush=True)
                raise
            print("done", flush=True)
print("ended", flush=True)
"""


@pytest.fixture
def key(admin: httpx2.Client) -> str:
    scopes = ["jobs:read", "jobs:write"]
    made = admin.post("/api/v1/api-keys", json={"name": "worker", "scopes": scopes})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


@contextmanager
def worker(
    instance: Instance, key: str, kind: str, name: str, lease_seconds: int
) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, kind, name, str(lease_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "GROUNDWORK_URL": instance.url, "GROUNDWORK_API_KEY": key},
    ) as process:
        yield process
        process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def outcomes(admin: httpx2.Client, job: str) -> list[tuple[str, str]]:
    attempts = admin.get(f"/api/v1/jobs/{job}/attempts").json()["items"]
    return [(one["worker"], one["outcome"]) for one in attempts]


def test_a_frozen_worker_loses_its_job_to_another_and_reports_the_lost_lease(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    kind = f"c{uuid4().hex}"
    with Client(instance.url, key) as client:
        job = client.add_job(kind, {})
    with worker(instance, key, kind, "frozen", 2) as frozen:
        assert line(frozen) == "working"
        frozen.send_signal(signal.SIGSTOP)
        with worker(instance, key, kind, "awake", 60) as awake:
            assert line(awake) == "working"
            frozen.send_signal(signal.SIGCONT)
            go_on(frozen)
            assert line(frozen) == "lost"
            go_on(awake)
            assert line(awake) == "done"
    assert admin.get(f"/api/v1/jobs/{job}").json()["result"] == {"by": "awake"}
    assert outcomes(admin, job) == [("frozen", "expired"), ("awake", "succeeded")]


def test_a_stopped_worker_gives_its_job_back_without_an_attempt(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    kind = f"c{uuid4().hex}"
    with Client(instance.url, key) as client:
        job = client.add_job(kind, {})
    with worker(instance, key, kind, "stopped", 60) as stopped:
        assert line(stopped) == "working"
        stopped.send_signal(signal.SIGTERM)
        assert line(stopped) == "ended"
        assert stopped.wait(timeout=30) == 0
    shown = admin.get(f"/api/v1/jobs/{job}").json()
    assert (shown["status"], shown["attempt"]) == ("queued", 0)
    assert outcomes(admin, job) == [("stopped", "released")]


def test_a_busy_worker_holds_its_job_beyond_its_lease_and_learns_of_a_cancellation(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    kind = f"c{uuid4().hex}"
    with Client(instance.url, key) as client:
        client.add_job(kind, {})
        leased = client.jobs(kind, lease_seconds=1)
        job = next(leased)
        first = job.leased_until
        assert first is not None

        def held_for() -> float:
            return (job.leased_until - first).total_seconds() if job.leased_until else 0.0

        assert eventually(lambda: held_for() > 2)
        assert client.lease(kind) == []
        admin.post(f"/api/v1/jobs/{job.id}/cancel")
        assert eventually(lambda: job.cancel_requested)
        job.release()
        client.stop.tell()
        assert list(leased) == []
    assert admin.get(f"/api/v1/jobs/{job.id}").json()["status"] == "cancelled"


def test_a_result_by_parts_with_vectors_is_applied(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    kind, name = f"c{uuid4().hex}", f"Ada {uuid4()}"
    with Client(instance.url, key) as client:
        job_id = client.add_job(kind, {})
        for job in client.jobs(kind, when_idle="stop"):
            with job:
                part = Result(StatedBy("big", "3"))
                person = part.entity("person", key=name, name=name, confidence=0.6)
                part.embedding([1, 0.5], model=f"m-{kind}", subject=person)
                job.add(part)
                with pytest.raises(Refused):
                    job.succeed({"entities": "none"})
                job.succeed(Result())
    assert admin.get(f"/api/v1/jobs/{job_id}").json()["status"] == "succeeded"
    (found,) = admin.get("/api/v1/entities", params={"key": name}).json()["items"]
    assert found["confidence"] == 0.6
    vectors = admin.get("/api/v1/embeddings", params={"subject_id": found["id"]}).json()["items"]
    assert [one["vector"] for one in vectors] == [[1.0, 0.5]]
