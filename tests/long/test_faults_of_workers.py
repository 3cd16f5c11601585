"""Workers that are killed or frozen, and a host that is killed, as real processes."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from tests.child_instance import Instance
from websockets.sync.client import connect

from ..waiting import eventually

pytestmark = pytest.mark.long
SCRIPT = Path(__file__).with_name("worker_process.py")
FOUND_SECONDS = 10
"""In which the end of a lease must be found."""


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    folder = Path(tempfile.mkdtemp(prefix="groundwork-workers-"))
    folder.chmod(0o755)
    try:
        with Instance(folder / "home") as up:
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="groundwork-killed-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


class Desk:
    """One kind of jobs, with the admin's client."""

    def __init__(self, instance: Instance, client: httpx2.Client) -> None:
        self.instance, self.client = instance, client
        self.kind, self.key = f"l{uuid4().hex}", f"key {uuid4()}"
        self.job = client.post("/api/v1/jobs", json={"kind": self.kind}).json()["id"]

    def worker(self) -> subprocess.Popen[str]:
        token = self.client.headers["Authorization"].removeprefix("Bearer ")
        worker = subprocess.Popen(
            [sys.executable, SCRIPT, self.instance.url, token, self.kind, self.key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.line(worker) == {"leased": 200}
        return worker

    @staticmethod
    def line(worker: subprocess.Popen[str]) -> Any:
        assert worker.stdout is not None
        return json.loads(worker.stdout.readline())

    def status(self) -> str:
        """Read the row itself: a GET would end the lease."""
        with psycopg.connect(self.instance.addresses["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT status FROM jobs WHERE id = %s", [self.job]).fetchone()
        assert row is not None
        return str(row[0])

    def lease(self, seconds: int) -> Any:
        body = {"kinds": [self.kind], "worker": "second", "lease_seconds": seconds}
        answer = self.client.post("/api/v1/jobs/lease", json=body)
        return answer.json() if answer.status_code == 200 else None

    def hand_in(self, job: Any) -> int:
        result = {"entities": [{"ref": "a", "type": "topic", "key": f"{self.key}!", "name": "Sun"}]}
        body = {"lease_token": job["lease_token"], "result": result}
        return self.client.post(f"/api/v1/jobs/{job['id']}/results", json=body).status_code

    def applied(self) -> list[bool]:
        """Return whether the results of the process and of the second worker were applied."""
        return [
            bool(self.client.get("/api/v1/entities", params={"key": key}).json()["items"])
            for key in (self.key, f"{self.key}!")
        ]

    def seconds_until_queued(self, most: float) -> float | None:
        began = time.monotonic()
        while time.monotonic() < began + most:
            if self.status() == "queued":
                return time.monotonic() - began
            time.sleep(0.1)
        return None


@pytest.fixture
def desk(instance: Instance) -> Iterator[Desk]:
    with instance.client() as client:
        yield Desk(instance, client)


def seconds_since_the_sweep(instance: Instance) -> float | None:
    """By the clock of the database; None before the first run of the scheduler."""
    latest = (
        "SELECT extract(epoch FROM clock_timestamp() - max(fired_at)) FROM clock_slots"
        " WHERE schedule LIKE '%%cheduler%%'"
    )
    with psycopg.connect(instance.addresses["DATABASE_URL"]) as connection:
        row = connection.execute(latest).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def after_the_sweep(instance: Instance) -> None:
    """Wait until the scheduler has just run, so that its next run is most of a minute away."""
    while not 5 < (seconds_since_the_sweep(instance) or 0) < 25:
        time.sleep(0.5)


def test_an_expired_lease_is_announced_in_time_although_nobody_calls(
    instance: Instance, desk: Desk
) -> None:
    ticket = desk.client.post("/api/v1/auth/ws-ticket").json()["ticket"]
    with connect(f"ws://127.0.0.1:{instance.port}/ws?ticket={ticket}") as socket:
        socket.send(json.dumps({"action": "subscribe", "topics": [f"job:{desk.job}"]}))
        assert json.loads(socket.recv(10))["type"] == "subscribed"
        after_the_sweep(instance)
        assert desk.lease(2) is not None
        ends = time.monotonic() + 2
        while json.loads(socket.recv(30))["data"]["status"] != "queued":
            pass
        assert 0 <= time.monotonic() - ends + 0.5 <= FOUND_SECONDS


def test_without_the_timer_only_the_sweep_finds_an_expired_lease(home: Path) -> None:
    """With the guard disabled: nobody reads the delayed messages."""
    with Instance(home, {"GROUNDWORK_FUNCTIONS": "-JobTimer"}) as up, up.client() as client:
        desk = Desk(up, client)
        after_the_sweep(up)
        before = seconds_since_the_sweep(up)
        assert desk.lease(4) is not None
        began = time.monotonic()
        assert desk.seconds_until_queued(600) is not None
        since = seconds_since_the_sweep(up)
        assert before is not None
        assert since is not None
        assert since < time.monotonic() - began + before  # the sweep has run again


def test_a_killed_workers_job_is_taken_in_time_and_never_before(desk: Desk) -> None:
    worker = desk.worker()
    for _ in range(40):  # three leases long
        assert desk.status() == "leased"
        time.sleep(0.2)
    worker.kill()
    worker.communicate()
    waited = desk.seconds_until_queued(30)
    assert waited is not None
    assert 1 < waited <= 3 + FOUND_SECONDS
    assert desk.hand_in(desk.lease(60)) == 200
    assert desk.applied() == [False, True]


def test_a_frozen_worker_that_wakes_applies_nothing(desk: Desk) -> None:
    worker = desk.worker()
    worker.send_signal(signal.SIGSTOP)
    try:
        assert desk.seconds_until_queued(3 + FOUND_SECONDS) is not None
        awake = desk.lease(60)
    finally:
        worker.send_signal(signal.SIGCONT)
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    answer = desk.line(worker)
    worker.communicate()
    assert (answer["handed_in"], answer["type"].rpartition("/")[2]) == (409, "lease-lost")
    assert desk.applied() == [False, False]
    assert desk.hand_in(awake) == 200
    assert desk.applied() == [False, True]


def test_a_worker_that_was_not_frozen_applies_its_result(desk: Desk) -> None:
    worker = desk.worker()
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    assert desk.line(worker)["handed_in"] == 200
    worker.communicate()
    assert desk.applied() == [True, False]


class KilledHost:
    """Thirty jobs, of which fifteen were leased and eight ended when their host was killed."""

    def __init__(self, home: Path, lease_seconds: int) -> None:
        self.home, self.kind = home, f"l{uuid4().hex}"
        self.asked = {"kinds": [self.kind], "worker": "w", "lease_seconds": lease_seconds}

    def kill(self) -> None:
        up = Instance(self.home)
        up.__enter__()
        self.password = up.password
        with up.client() as client:
            new = {"kind": self.kind}
            self.made = [client.post("/api/v1/jobs", json=new).json()["id"] for _ in range(30)]
            self.held = [
                client.post("/api/v1/jobs/lease", json=self.asked).json() for _ in range(15)
            ]
            for job in self.held[:8]:
                assert self.hand_in(client, job, job["id"]).is_success
            up.process.kill()
            up.process.wait(timeout=30)

    def hand_in(self, client: httpx2.Client, job: Any, said: str) -> httpx2.Response:
        body = {"lease_token": job["lease_token"], "result": {"job": said}}
        return client.post(f"/api/v1/jobs/{job['id']}/results", json=body)

    def work(self, client: httpx2.Client) -> int:
        """Work on the next job, if one waits; return how many have succeeded."""
        answer = client.post("/api/v1/jobs/lease", json=self.asked)
        if answer.status_code == 200:
            self.hand_in(client, answer.json(), answer.json()["id"])
        query: dict[str, str] = {"kind": self.kind, "status": "succeeded", "limit": "200"}
        return len(client.get("/api/v1/jobs", params=query).json()["items"])


def test_a_killed_host_loses_no_job_and_applies_none_twice(home: Path) -> None:
    host = KilledHost(home, lease_seconds=5)
    host.kill()
    with Instance(home, password=host.password) as again, again.client() as client:
        repeated = host.hand_in(client, host.held[0], "other")
        assert repeated.json()["result"] == {"job": host.held[0]["id"]}
        assert eventually(lambda: host.work(client) == 30)
        for job_id in host.made:
            tries = client.get(f"/api/v1/jobs/{job_id}/attempts").json()["items"]
            assert [one["outcome"] for one in tries].count("succeeded") == 1


def test_with_leases_of_an_hour_the_jobs_of_a_killed_host_stay_leased(home: Path) -> None:
    """With the guard disabled: leases of an hour. All others are worked on, the seven are not."""
    host = KilledHost(home, lease_seconds=3_600)
    host.kill()
    with Instance(home, password=host.password) as again, again.client() as client:
        assert eventually(lambda: host.work(client) == 23)
        assert not eventually(lambda: host.work(client) > 23, within_seconds=15)
        held = [client.get(f"/api/v1/jobs/{job['id']}").json() for job in host.held[8:]]
        assert {job["status"] for job in held} == {"leased"}
