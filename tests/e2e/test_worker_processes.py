"""Workers as processes of their own: a result that is always refused, and one lease held by two."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.child_instance import Instance

Json = dict[str, Any]
HERE = Path(__file__).parent
OTHERS = 6


@pytest.fixture
def key(admin: httpx2.Client) -> Iterator[str]:
    scopes = ["jobs:read", "jobs:write"]
    made = admin.post("/api/v1/api-keys", json={"name": "process", "scopes": scopes}).json()
    yield made["key"]
    admin.post(f"/api/v1/api-keys/{made['id']}/revoke")


def add(admin: httpx2.Client, kind: str, **fields: object) -> str:
    made = admin.post("/api/v1/jobs", json={"kind": kind, **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def with_a_poison(admin: httpx2.Client) -> tuple[str, str, list[str]]:
    """Queue a job whose result breaks the contract, before others; return the kind and all ids."""
    kind = f"p{uuid4().hex}"
    broken = {"key": f"{kind} poison", "type": "no type"}
    poison = add(admin, kind, priority=9, payload=broken)
    others = [
        add(admin, kind, priority=0, payload={"key": f"{kind} {n}", "type": "topic"})
        for n in range(OTHERS)
    ]
    return kind, poison, others


def run(instance: Instance, key: str, kind: str, after_refusal: str) -> None:
    addresses = {"GROUNDWORK_URL": instance.url, "GROUNDWORK_API_KEY": key}
    subprocess.run(
        [sys.executable, HERE / "stubborn_worker.py", kind, after_refusal],
        env={**os.environ, **addresses},
        check=True,
        timeout=110,
    )


def status(admin: httpx2.Client, job_id: str) -> str:
    return str(admin.get(f"/api/v1/jobs/{job_id}").json()["status"])


def test_a_result_that_is_always_refused_blocks_no_other_job(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    kind, poison, others = with_a_poison(admin)
    run(instance, key, kind, "fail")
    assert [status(admin, job) for job in others] == ["succeeded"] * OTHERS
    shown = admin.get(f"/api/v1/jobs/{poison}").json()
    assert (shown["status"], shown["attempt"]) == ("quarantined", shown["max_attempts"])
    assert shown["error"]["class"] == "internal"
    assert "type" in shown["error"]["message"]
    found = admin.get("/api/v1/entities", params={"key": f"{kind} poison"}).json()["items"]
    assert found == []


def test_a_released_job_counts_no_attempt_and_blocks_all_other_jobs(
    instance: Instance, admin: httpx2.Client, key: str
) -> None:
    """With the guard disabled: the worker gives the job back, which counts no attempt."""
    kind, poison, others = with_a_poison(admin)
    run(instance, key, kind, "release")
    assert [status(admin, job) for job in (poison, *others)] == ["queued"] * (1 + OTHERS)


def hand_in_at_once(
    instance: Instance, key: str, leases: tuple[Json, Json], names: tuple[str, str]
) -> list[str]:
    """Let two processes hand in a result each at the same moment; return their responses."""
    workers = [
        subprocess.Popen(
            [sys.executable, HERE / "result_process.py", instance.url, key, job["id"],
             job["lease_token"], name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for job, name in zip(leases, names, strict=True)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    return [worker.communicate(timeout=60)[0].strip() for worker in workers]


@pytest.mark.parametrize("held", ["one lease", "two leases"])
def test_only_one_of_two_processes_with_one_lease_applies_a_result(
    instance: Instance, admin: httpx2.Client, key: str, held: str
) -> None:
    """With a lease each, both do: the guard is that the lease ends with its first result."""
    kind = f"r{uuid4().hex}"
    for _ in range(2):
        add(admin, kind)
    body = {"kinds": [kind], "worker": "two", "lease_seconds": 600, "max": 2}
    first, second = admin.post("/api/v1/jobs/lease", json=body).json()["items"]
    leases = (first, first) if held == "one lease" else (first, second)
    names = (f"{kind} left", f"{kind} right")
    answers = hand_in_at_once(instance, key, leases, names)
    assert answers == ["200", "200"]  # who comes second gets the response of before
    applied = [
        name
        for name in names
        if admin.get("/api/v1/entities", params={"key": name}).json()["items"]
    ]
    assert len(applied) == (1 if held == "one lease" else 2)
    attempts = admin.get(f"/api/v1/jobs/{first['id']}/attempts").json()["items"]
    assert [one["outcome"] for one in attempts] == ["succeeded"]
