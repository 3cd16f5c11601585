"""Measure callbacks of publishers: `python -m benchmarks.callbacks [--seconds 10]`.

Starts an instance with its own services. Clients are processes with connections that stay open;
each callback is about one delivery or several, signed before the measurement. Forged ones have a
wrong signature.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
from tests.child_instance import Instance

from benchmarks.callbacks.client import Answers, Message, Target, message, run
from benchmarks.cpu import cpu_by_part
from benchmarks.machine import described

CONNECTIONS = (1, 8, 32)
PROCESSES = 2
MOST_A_SECOND = 2_500
"""Callbacks that a process signs before a measurement, for each second of it."""
FLOOD_A_SECOND = 2_000
FLOOD_CONNECTIONS = 400
MANY = 20
"""Deliveries in a callback of the row about several."""
WARM_SECONDS = 20.0
SHOWN_MS = 0.005


@dataclass(frozen=True)
class Load:
    """The callbacks that one client process sends."""

    target: Target
    connections: int
    seconds: float
    rate: float = 0.0
    """Callbacks a second; 0: as fast as responses come."""
    forges: bool = False
    """Every second callback has a wrong signature."""
    known: bool = False
    """Callbacks are about a delivery that an earlier one has reported as pending."""


def send(load: Load, name: str) -> Answers:
    """Sign callbacks, then send them."""
    most = int(load.seconds * (load.rate or MOST_A_SECOND / load.target.deliveries**0.5))
    target = load.target
    if load.known:
        most //= 4
        first = replace(target, status="pending")
        run(target.port, _signed(first, f"{name}-first", name, most), 8, 600)
    signed = list(_signed(target, name, name if load.known else "", most, forges=load.forges))
    return run(target.port, iter(signed), load.connections, load.seconds, load.rate)


def _signed(
    target: Target, name: str, named: str, count: int, *, forges: bool = False
) -> Iterator[Message]:
    for n in range(count):
        about = f"{named}-{n}" if named else ""
        yield message(target, f"{name}-{n}", named=about, forged=forges and n % 2 == 1)


def in_processes(load: Load) -> Answers:
    """Share the connections among processes; add up what they found."""
    count = min(PROCESSES, load.connections)
    part = replace(load, connections=load.connections // count, rate=load.rate / count)
    with multiprocessing.get_context("fork").Pool(count) as pool:
        parts = pool.starmap(send, [(part, f"{time.time_ns()}-{n}") for n in range(count)])
    return Answers(
        sum((one.good for one in parts), Counter()),
        sum((one.forged for one in parts), Counter()),
        [took for one in parts for took in one.took],
        max(one.seconds for one in parts),
        sum(one.late for one in parts),
        sum(one.without_retry_after for one in parts),
    )


def prepared(up: Instance, distributions: int) -> Target:
    """Make a publisher and distributions that are sending."""
    with up.client() as client:
        publisher = client.post("/api/v1/publishers", json={"name": "bench"}).json()
        content = client.post("/api/v1/contents", json={"title": "Bench"}).json()["id"]
        body = {"content_id": content, "channel": "email", "status": "sending"}
        made = [client.post("/api/v1/distributions", json=body) for _ in range(distributions)]
    return Target(up.port, publisher["secret"], tuple(one.json()["id"] for one in made))


def stored(up: Instance) -> int:
    """Return the number of deliveries."""
    with psycopg.connect(up.addresses["DATABASE_URL"]) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM deliveries").fetchall()
    return int(count)


def p95(took: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(took, n=20)[-1] if len(took) > 1 else 0.0


def line(name: str, found: Answers, deliveries: int = 1) -> str:
    """Return a row of the table. Each callback was about so many deliveries."""
    statuses = ", ".join(
        f"{count:,} of {status}" for status, count in sorted((found.good + found.forged).items())
    )
    good = found.good[200] / found.seconds
    median = statistics.median(found.took) if found.took else 0
    return (
        f"| {name} | {good:,.0f} | {good * deliveries:,.0f} | {median:.1f} | {p95(found.took):.1f}"
        f" | {statuses} |"
    )


def costs(up: Instance, load: Load) -> tuple[Answers, list[str]]:
    """Send; return also rows with the CPU of each part, in milliseconds for a callback."""
    root = psutil.Process(up.process.pid)
    before, clients = cpu_by_part(root), os.times()
    found = in_processes(load)
    time.sleep(1)  # until the relay has caught up
    spent = {part: used - before.get(part, 0.0) for part, used in cpu_by_part(root).items()}
    now = os.times()
    spent["clients, with signing"] = (
        now.children_user + now.children_system - clients.children_user - clients.children_system
    )
    each = {part: 1_000 * used / found.good[200] for part, used in spent.items()}
    rows = sorted(each.items(), key=lambda one: -one[1])
    rows = [*rows, ("together", sum(each.values()))]
    return found, [f"| {part} | {used:.2f} |" for part, used in rows if used >= SHOWN_MS]


def checked_flood(up: Instance, load: Load) -> tuple[Answers, str]:
    """Send good and forged callbacks at a rate; return also what became of them, in a sentence."""
    before = stored(up)
    found = in_processes(load)
    kept, accepted = stored(up) - before, found.good[200]
    put_off = found.good[429] + found.good[503]
    others = found.good.total() - accepted - put_off
    said = "each with Retry-After" if not found.without_retry_after else "some without Retry-After"
    return found, (
        f"Of the flood's good callbacks {accepted:,} were accepted, and {kept:,} deliveries stored;"
        f" {put_off:,} were answered 429 or 503{f', {said}' if put_off else ''}; {others:,} had"
        f" another response. Forged ones that were accepted: {found.forged[200]:,}. Not sent, since"
        f" all {load.connections} connections were waiting: {found.late:,}."
    )


def main() -> None:
    """Measure and write docs/benchmarks/callbacks.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="groundwork-callbacks-"))
    folder.chmod(0o755)
    seconds, before_it = options.seconds, os.getloadavg()[0]
    rows = []

    def add(name: str, found: Answers, deliveries: int = 1) -> None:
        rows.append(line(name, found, deliveries))
        print(rows[-1], flush=True)

    try:
        with Instance(folder / "home", {"GROUNDWORK_RATE_LIMIT": "0"}) as up:
            target = prepared(up, 1)
            in_processes(Load(target, 8, WARM_SECONDS))
            late = {
                status
                for late in (-360, 360)
                for status in run(
                    target.port, iter([message(target, f"late{late}", late_seconds=late)]), 1, 9
                ).good
            }
            for connections in CONNECTIONS[:-1]:
                found = in_processes(Load(target, connections, seconds))
                add(f"{connections} connections, one distribution", found)
            load = Load(target, CONNECTIONS[-1], seconds)
            found, parts = costs(up, load)
            add(f"{CONNECTIONS[-1]} connections, one distribution", found)
            found = in_processes(replace(load, target=prepared(up, 50)))
            add(f"{CONNECTIONS[-1]} connections, 50 distributions", found)
            found = in_processes(replace(load, known=True))
            add(f"{CONNECTIONS[-1]} connections, deliveries that are known", found)
            found = in_processes(replace(load, target=replace(target, deliveries=MANY)))
            add(f"{CONNECTIONS[-1]} connections, {MANY} deliveries a callback", found, MANY)
            flood = replace(load, connections=FLOOD_CONNECTIONS, rate=FLOOD_A_SECOND, forges=True)
            found, became = checked_flood(up, flood)
            add(f"{FLOOD_A_SECOND:,} a second asked for, half of them forged", found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Callbacks of publishers",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.callbacks --seconds "
        f"{seconds:g}` on: {described()}; load before it began: {before_it:.1f}. Clients, "
        "instance and databases share the cores.",
        "",
        "Each callback is signed before the measurement and reports one delivery that is new, "
        f"unless said otherwise. The instance was warmed up for {WARM_SECONDS:.0f} s.",
        "",
        "| | callbacks a second | deliveries a second | median ms | p95 ms | responses |",
        "|---|---:|---:|---:|---:|---|",
        *rows,
        "",
        f"{became} A clock that is six minutes off is answered {', '.join(map(str, late))}.",
        "",
        "## Where the time goes",
        "",
        f"CPU of a callback with {CONNECTIONS[-1]} connections and one distribution, in "
        "milliseconds:",
        "",
        "| part | ms |",
        "|---|---:|",
        *parts,
        "",
        "Clients sign more callbacks than they send. [Decision 130]"
        "(../decisions/0130-take-a-callback-by-one-statement.md) compares this with six round trips"
        " in the same run.",
        "",
    ]
    (options.out / "callbacks.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
