"""Measure callbacks of publishers: `python -m benchmarks.callbacks [--seconds 10]`.

Starts an instance with its own services. Clients are processes with connections that stay open;
each callback is about one delivery, signed before it is sent. Forged ones have a wrong signature.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.child_instance import Instance

from benchmarks.machine import described

PATH = "/api/v1/deliveries/callbacks"
CONNECTIONS = (1, 8, 32)
PROCESSES = 2
FLOOD_A_SECOND = 2_000
WARM = 100


@dataclass(frozen=True)
class Target:
    """Where to send, as whom, and about what."""

    port: int
    secret: str
    distributions: tuple[str, ...]


@dataclass
class Answers:
    """Statuses, and the time of each good callback in milliseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0


def signed(target: Target, id_: str, body: bytes, *, late_seconds: int = 0) -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    at = str(int(time.time()) + late_seconds)
    key = base64.b64decode(target.secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id_}.{at}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": signature,
        "content-type": "application/json",
    }


class Client:
    """One connection that sends one callback after another."""

    def __init__(self, target: Target, name: str) -> None:
        self._target, self._name, self._sent = target, name, 0
        self._connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)

    def send(self, *, forged: bool = False, late_seconds: int = 0) -> tuple[int, float]:
        """Send one; return the status and the milliseconds."""
        self._sent += 1
        id_ = f"{self._name}-{self._sent}"
        of = self._target.distributions[self._sent % len(self._target.distributions)]
        data = {"distribution_id": of, "recipient": id_, "status": "sent"}
        body = json.dumps({"type": "delivery.updated", "data": data}).encode()
        headers = signed(self._target, id_, body, late_seconds=late_seconds)
        if forged:
            headers["webhook-signature"] = "v1," + base64.b64encode(bytes(32)).decode()
        began = time.perf_counter()
        self._connection.request("POST", PATH, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, 1_000 * (time.perf_counter() - began)


def closed_loop(target: Target, name: str, connections: int, seconds: float) -> Answers:
    """Send as fast as answers come, over some connections."""
    found, began = Answers(), time.perf_counter()

    def run(number: int) -> None:
        client = Client(target, f"{name}-{number}")
        while time.perf_counter() - began < seconds:
            status, took = client.send()
            found.statuses[status] += 1
            found.took.append(took)

    _in_threads(run, connections)
    found.seconds = time.perf_counter() - began
    return found


def flood(target: Target, name: str, connections: int, seconds: float, rate: float) -> Answers:
    """Send at a rate, every second one forged; a connection that is behind does not wait."""
    found, began = Answers(), time.perf_counter()

    def run(number: int) -> None:
        client = Client(target, f"{name}-{number}")
        due = began + number / rate
        while due - began < seconds and time.perf_counter() - began < seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            forged = bool(client._sent % 2)
            status, took = client.send(forged=forged)
            found.statuses[status] += 1
            if not forged:
                found.took.append(took)
            due += connections / rate

    _in_threads(run, connections)
    found.seconds = time.perf_counter() - began
    return found


def _in_threads(run: object, count: int) -> None:
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_processes(act: object, target: Target, connections: int, *rest: float) -> Answers:
    """Share the connections among processes; add up what they found."""
    count = min(PROCESSES, connections)
    given = [(target, f"{time.time_ns()}-{n}", connections // count, *rest) for n in range(count)]
    with multiprocessing.get_context("fork").Pool(count) as pool:
        parts: list[Answers] = pool.starmap(act, given)  # type: ignore[arg-type]
    return Answers(
        sum((one.statuses for one in parts), Counter()),
        [took for one in parts for took in one.took],
        max(one.seconds for one in parts),
    )


def prepared(up: Instance, distributions: int) -> Target:
    """Make a publisher and distributions that are sending."""
    with up.client() as client:
        publisher = client.post("/api/v1/publishers", json={"name": "bench"}).json()
        content = client.post("/api/v1/contents", json={"title": "Bench"}).json()["id"]
        body = {"content_id": content, "channel": "email", "status": "sending"}
        made = [client.post("/api/v1/distributions", json=body) for _ in range(distributions)]
    return Target(up.port, publisher["secret"], tuple(one.json()["id"] for one in made))


def p95(took: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(took, n=20)[-1] if len(took) > 1 else 0.0


def line(name: str, found: Answers) -> str:
    """Return a row of the table."""
    statuses = ", ".join(
        f"{count:,} of {status}" for status, count in sorted(found.statuses.items())
    )
    good = found.statuses[200] / found.seconds
    median = statistics.median(found.took) if found.took else 0
    return f"| {name} | {good:,.0f} | {median:.1f} | {p95(found.took):.1f} | {statuses} |"


def main() -> None:
    """Measure and write docs/benchmarks/callbacks.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="groundwork-callbacks-"))
    folder.chmod(0o755)
    load = os.getloadavg()[0]
    rows = []
    try:
        with Instance(folder / "home", {"GROUNDWORK_RATE_LIMIT": "0"}) as up:
            target = prepared(up, 1)
            warm = Client(target, "warm")
            for _ in range(WARM):
                warm.send()
            late = {warm.send(late_seconds=seconds)[0] for seconds in (-360, 360)}
            for connections in CONNECTIONS:
                found = in_processes(closed_loop, target, connections, options.seconds)
                rows.append(line(f"{connections} connections, one distribution", found))
                print(rows[-1], flush=True)
            found = in_processes(closed_loop, prepared(up, 50), 32, options.seconds)
            rows.append(line("32 connections, 50 distributions", found))
            print(rows[-1], flush=True)
            share = FLOOD_A_SECOND / PROCESSES
            found = in_processes(flood, target, 64, options.seconds, share)
            rows.append(line(f"{FLOOD_A_SECOND:,} a second asked for, half of them forged", found))
            print(rows[-1], flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Callbacks of publishers",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.callbacks --seconds "
        f"{options.seconds:g}` on: {described()}; load before it began: {load:.1f}. Clients, "
        "instance and databases share the cores.",
        "",
        "Each callback is signed and reports one delivery that is new.",
        "",
        "| | taken a second | median ms | p95 ms | answers |",
        "|---|---:|---:|---:|---|",
        *rows,
        "",
        f"A clock that is six minutes off is answered {', '.join(map(str, sorted(late)))}.",
        "",
    ]
    (options.out / "callbacks.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
