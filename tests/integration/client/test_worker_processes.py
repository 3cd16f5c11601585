"""Workers as processes: signals and the heartbeat."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .scripted_jobs import jobs, outcomes

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
