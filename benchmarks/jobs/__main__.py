"""Measure jobs end to end, and write docs/benchmarks/jobs.md.

`python -m benchmarks.jobs --peers PYTHON [--seconds 30] [--queued 1000000]`; PYTHON has what
`peers.txt` names.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import psutil

from benchmarks.jobs import groundwork, million, report

PEERS = ("procrastinate", "pgqueuer")
WORKERS = (1, 8, 32)
RATE, STARTERS = 30.0, 8
JOBS_A_LEASE = 10
"""Jobs that a worker leases in one request, in the second and third row of Groundwork."""
WARM_UP_SECONDS = 60
"""Neo4j compiles its code and Postgres keeps its plans meanwhile."""
ARCHIVE_SECONDS = 120
JOBS_A_SECOND = 1_000
"""Jobs that are queued for each second of a run: more than are worked off."""
WARM_UP_JOBS = WARM_UP_SECONDS * 400
"""More would leave so many that Postgres vacuums them during the first cell."""


def peer(python: str, name: str, url: str, *numbers: float) -> Any:
    """Run a peer in its own environment; return what it prints."""
    done = subprocess.run(
        [python, "-m", f"benchmarks.jobs.peer_{name}", url, *map(str, numbers)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--peers", required=True)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--queued", type=int, default=1_000_000)
    given = asked.parse_args()
    found = report.Measured(given.seconds, psutil.getloadavg()[0], queued=given.queued)
    jobs = int(given.seconds * JOBS_A_SECOND)
    with groundwork.serving() as up:
        groundwork.throughput(up, 32, WARM_UP_SECONDS, WARM_UP_JOBS)
        groundwork.await_class_archive(up, ARCHIVE_SECONDS)
        # Before the other cells: after them, Postgres vacuums and the graph catches up for a while.
        waits = groundwork.add_to_start(up, STARTERS, RATE, given.seconds)
        found.start_ms["Groundwork"] = sorted(1000 * wait for wait in waits)
        for name, leased, handed in (
            ("Groundwork", 1, "each"),
            (report.BATCHES, JOBS_A_LEASE, "each"),
            (report.TOGETHER, JOBS_A_LEASE, "together"),
        ):
            for count in WORKERS:
                measured = groundwork.throughput(up, count, given.seconds, jobs, leased, handed)
                found.per_second.setdefault(name, {})[count] = measured["per_second"]
                found.cpu_ms.setdefault(name, {})[count] = measured["cpu_ms"]
        url = up.addresses["DATABASE_URL"]
        for name in PEERS:
            own = million.fresh_database(url, f"bench_{name}")
            rates = found.per_second.setdefault(name, {})
            for count in WORKERS:
                done = peer(given.peers, name, own, count, given.seconds, 5 * jobs, 0)
                rates[count] = done["done"] / done["seconds"]
            waits = peer(given.peers, name, own, STARTERS, given.seconds, 0, RATE)["waits"]
            found.start_ms[name] = sorted(1000 * wait for wait in waits)
        found.lease_ms = million.lease_milliseconds(url, given.queued, 300)
    report.write(found)
    print(report.PAGE.read_text())


main()
