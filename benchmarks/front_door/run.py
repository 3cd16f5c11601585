"""Compare HTTP servers in front of the gateway: CPU a request, and bad and hostile requests.

    .venv/bin/python -m benchmarks.front_door.run

Writes docs/benchmarks/front-door.md. Granian is no dependency; without it, it is left out:
`.venv/bin/python -m pip install granian` before, and `pip uninstall granian` behind.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from tests.child_instance import free_port
from tests.security.front_door.raw_requests import CASES
from tests.security.front_door.request_bytes import LAST, LAST_REQUEST, Case, get
from tests.security.front_door.test_memory import ENDLESS, MEGABYTE
from tests.security.front_door.wire import ask

from benchmarks.api.load import Load
from benchmarks.front_door.serve import SERVERS
from benchmarks.machine import described

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks" / "front-door.md"
CLIENTS = (1, 100)
ROUNDS = 3
PATIENCE_SECONDS = 2.0
REFUSED = 400
ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
PATH = re.compile(rb'"event": \{"resource": "[^"]*", "path": "([^"]*)"')


@dataclass
class Asking:
    """The same request from every client."""

    name: str
    wire: bytes
    status: int

    def request(self, client: int) -> bytes:  # noqa: ARG002 - they are all alike
        """The next request."""
        return self.wire

    def heard(self, client: int, head: bytes) -> None:
        """Takes no note."""


HEADERS = ("User-Agent: bench", "Accept: */*", "Authorization: Bearer " + "x" * 300)
JOBS = (
    Asking("no function (404)", get("/none", *HEADERS), 404),
    Asking("a function", get("/echo/a", *HEADERS), 200),
)


@dataclass
class Seen:
    """The measurements of one server."""

    name: str
    per_second: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    cpu_us: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    misserved: list[str] = field(default_factory=list)
    let_through: list[str] = field(default_factory=list)
    grown_mb: dict[str, int] = field(default_factory=dict)


@contextmanager
def running(name: str) -> Iterator[tuple[int, psutil.Process]]:
    """Start a server and end it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.front_door.serve", name, str(port), folder]
        )
        try:
            end = time.monotonic() + 60
            while True:
                try:
                    if ask(port, "/echo/a").status == 200:
                        break
                except (OSError, ValueError):
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.2)
            yield port, psutil.Process(child.pid)
        finally:
            for process in psutil.Process(child.pid).children(recursive=True):
                process.kill()
            child.kill()
            child.wait()


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds that the server and its children have used."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def speed(port: int, process: psutil.Process, seen: Seen, seconds: float) -> None:
    """One round of every job."""
    for job in JOBS:
        for clients in CLIENTS:
            Load(("127.0.0.1", port), job, clients).closed(seconds / 4)
            load = Load(("127.0.0.1", port), job, clients)
            before = cpu_seconds(process)
            heard = load.closed(seconds)
            taken = cpu_seconds(process) - before
            assert heard.errors == 0, (seen.name, job.name, heard.errors)
            key = (job.name, clients)
            seen.per_second.setdefault(key, []).append(heard.per_second)
            seen.cpu_us.setdefault(key, []).append(taken / len(heard.latencies) * 1e6)
            print(seen.name, *key, round(heard.per_second), round(seen.cpu_us[key][-1]), flush=True)


def manners(port: int, seen: Seen) -> None:
    """The corpus of raw requests. Any refusal is as good as ours, and the connection may go on."""
    for case in CASES:
        heard = _heard(port, case)
        if isinstance(case.heard[-1], int) and case.heard[-1] >= REFUSED:
            refused = any(isinstance(said, int) and said >= REFUSED for said in heard)
            if _served(heard) != _served(case.heard) or (LAST in heard and not refused):
                seen.let_through.append(case.name)
        elif heard != case.heard:
            seen.misserved.append(case.name)


def _served(heard: tuple[str | int, ...]) -> list[str]:
    return [said for said in heard if isinstance(said, str) and said != LAST]


def _heard(port: int, case: Case) -> tuple[str | int, ...]:
    wire = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        with suppress(OSError):
            connection.sendall(case.sent)
            connection.sendall(LAST_REQUEST)
        with suppress(OSError):
            while part := connection.recv(1 << 16):
                wire += part
                if b'"path": "' + LAST.encode() in part:
                    break
    heard: list[str | int] = []
    begins = [*ANSWER.finditer(wire)]
    ends = [*(one.start() for one in begins[1:]), len(wire)]
    for begin, end in zip(begins, ends, strict=False):
        status = int(begin[1])
        path = PATH.search(wire, begin.end(), end)
        if status != 100:
            heard.append(path[1].decode() if path and status == 200 else status)
    return tuple(heard)


def memory(port: int, process: psutil.Process, seen: Seen) -> None:
    """Sixty megabytes of what is no body."""
    for what, (begin, piece) in ENDLESS.items():
        before, most = process.memory_info().rss, 0
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            with suppress(OSError):
                connection.sendall(begin)
                for _ in range(60):
                    connection.sendall(piece)
                    most = max(most, process.memory_info().rss)
                time.sleep(0.5)
            most = max(most, process.memory_info().rss)
        seen.grown_mb[what] = round((most - before) / MEGABYTE)


def report(found: list[Seen], seconds: float) -> str:
    """The page."""
    today = datetime.now(UTC).date()
    lines = [
        "# The front door: our connections beside well-kept servers",
        "",
        f"Measured {today} by `python -m benchmarks.front_door.run` on: {described()}.",
        "",
        "Each server runs in a process of its own, before the same gateway and one environment of",
        "an echoing function; the load generator is one process. Servers other than ours call the",
        "gateway through an ASGI adapter (benchmarks/front_door/adapter.py).",
        f"Closed loop, keep-alive, {seconds:g} s a run, the median of {ROUNDS} rounds in turn.",
        "",
        "## CPU µs of the server and its environment for each request (requests per second)",
        "",
        "| job | clients | " + " | ".join(seen.name for seen in found) + " |",
        "|---|---|" + "---|" * len(found),
    ]
    for job in JOBS:
        for clients in CLIENTS:
            key = (job.name, clients)
            best = statistics.median(found[0].cpu_us[key])
            cells = []
            for seen in found:
                cost = statistics.median(seen.cpu_us[key])
                rate = statistics.median(seen.per_second[key])
                more = "" if seen is found[0] else f" {cost - best:+.0f}"
                cells.append(f"{cost:.0f}{more} ({rate:,.0f}/s)")
            lines.append(f"| {job.name} | {clients} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"## The corpus of {len(CASES)} raw requests",
        "",
        "Cases of tests/security/front_door/raw_requests.py. *Let through*: what should be refused",
        "is served, or what follows it is. Any refusal is good. *Misserved*: what is good is",
        "refused, or one that follows is lost or out of step. The adapter judges hosts; how a",
        "target, a version or an expectation is judged is left to the server.",
        "",
        "| server | let through | misserved |",
        "|---|---|---|",
    ]
    lines += [
        f"| {seen.name} | {len(seen.let_through)} | {len(seen.misserved)} |" for seen in found
    ]
    for seen in found:
        if seen.let_through or seen.misserved:
            lines += [
                "",
                f"**{seen.name}** lets through: {'; '.join(seen.let_through) or 'nothing'}.",
                f"Misserves: {'; '.join(seen.misserved) or 'nothing'}.",
            ]
    lines += [
        "",
        "## Memory while one connection sends 60 MB of what is no body (MB more)",
        "",
        "| what | " + " | ".join(seen.name for seen in found) + " |",
        "|---|" + "---|" * len(found),
    ]
    lines += [
        f"| {what} | " + " | ".join(str(seen.grown_mb[what]) for seen in found) + " |"
        for what in ENDLESS
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    seconds = parser.parse_args().seconds
    names = [
        name for name in SERVERS if importlib.util.find_spec(name.split(",")[0]) or name == "ours"
    ]
    found = [Seen(name) for name in names]
    for _ in range(ROUNDS):
        for seen in found:
            with running(seen.name) as (port, process):
                speed(port, process, seen, seconds)
    for seen in found:
        with running(seen.name) as (port, process):
            manners(port, seen)
            print(seen.name, len(seen.let_through), len(seen.misserved), flush=True)
        with running(seen.name) as (port, process):
            memory(port, process, seen)
            print(seen.name, seen.grown_mb, flush=True)
    REPORT.write_text(report(found, seconds))


if __name__ == "__main__":
    main()
