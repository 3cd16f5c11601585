"""The time until the graph shows a write.

Counted from `created_at` of the outbox row, which is when its transaction began, so a little too
long, until a client that asks Neo4j every few milliseconds finds the graph's position there.
"""

from __future__ import annotations

import re
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field

import httpx2
import neo4j
import psycopg
from tests.child_instance import Instance

from benchmarks.relay.stores import graph_of, position_of
from benchmarks.relay.traffic import Traffic

PER_SECOND = 200
LOOK_SECONDS = 0.005
WARM_SECONDS = 10.0
PATIENCE_SECONDS = 90.0
COMMITTED = """
SELECT (xid::text)::bigint, extract(epoch FROM created_at)::float8, count(*)
FROM outbox WHERE aggregate IN ('entities', 'relationships')
    AND extract(epoch FROM created_at) >= %s
GROUP BY 1, 2 ORDER BY 1
"""
METRIC = re.compile(
    r"groundwork_relay_lag_seconds_(bucket|sum|count)\{([^}]*)\} (\S+)", re.MULTILINE
)


@dataclass
class Positions:
    """The time at which the graph first showed each transaction, within a `with` block."""

    driver: neo4j.Driver
    xids: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def __enter__(self) -> Positions:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with self.driver.session() as session:
            while not self._over.wait(LOOK_SECONDS):
                xid = position_of(session)
                if not self.xids or xid > self.xids[-1]:
                    self.xids.append(xid)
                    self.moments.append(time.time())

    def seen(self, xid: int) -> float | None:
        """Return when; None: not yet."""
        place = bisect_left(self.xids, xid)
        return self.moments[place] if place < len(self.xids) else None


def under_writes(instance: Instance, seconds: float) -> dict[str, object]:
    """Write at a steady rate through REST, and tell how long each write took to the graph."""
    Traffic(instance, PER_SECOND).run(WARM_SECONDS)
    time.sleep(1)
    traffic = Traffic(instance, PER_SECOND)
    before = _metric(instance)
    with graph_of(instance) as driver, Positions(driver) as positions:
        began = time.time()
        traffic.run(seconds)
        wrote_seconds = time.time() - began
        time.sleep(2)
        with psycopg.connect(instance.addresses["DATABASE_URL"]) as database:
            committed = database.execute(COMMITTED, (began,)).fetchall()
        _await(positions, committed[-1][0])
    lags = [
        (committed_at - began, (positions.seen(xid) or float("inf")) - committed_at)
        for xid, committed_at, rows in committed
        for _ in range(rows)
    ]
    return {
        "writes": dict(traffic.done),
        "seconds": round(wrote_seconds, 1),
        "lags": [(round(at, 3), round(lag, 4)) for at, lag in lags],
        "metric": _told(before, _metric(instance)),
    }


def after_quiet(instance: Instance, writes: int, seconds: float) -> dict[str, object]:
    """Make single writes, each after some quiet, and tell how long each took to the graph."""
    lags = []
    with instance.client() as client:
        _one_write(instance, client, 0)
        for number in range(1, writes + 1):
            time.sleep(seconds)
            lags.append(round(_one_write(instance, client, number), 4))
            print(f"after {seconds:.0f} s of quiet: {lags[-1] * 1000:.0f} ms", flush=True)
    return {"seconds": seconds, "lags": lags}


def _one_write(instance: Instance, client: httpx2.Client, number: int) -> float:
    began = time.time()
    body = {"name": f"Quiet {number}", "type": "topic"}
    answer = client.post("/api/v1/entities", json=body).raise_for_status()
    with graph_of(instance) as driver, Positions(driver) as positions:
        return _await(positions, int(answer.headers["X-Groundwork-Position"])) - began


def _await(positions: Positions, xid: int) -> float:
    ends = time.monotonic() + PATIENCE_SECONDS
    while (seen := positions.seen(xid)) is None and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)
    if seen is None:
        message = f"the graph did not come to {xid} in {PATIENCE_SECONDS} s"
        raise TimeoutError(message)
    return seen


def _metric(instance: Instance) -> dict[str, float]:
    """Read relay_lag_seconds of the graph: `sum`, `count`, and how many were at most each bound."""
    found = {}
    for part, labels, value in METRIC.findall(httpx2.get(f"{instance.url}/metrics").text):
        if 'destination="graph"' in labels:
            bound = re.search(r'le="([^"]+)"', labels)
            found[bound[1] if bound else part] = float(value)
    return found


def _told(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in after.items()}
