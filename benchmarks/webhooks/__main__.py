"""Send 500 events a second to 50 webhooks, of whose endpoints 5 hang.

    .venv/bin/python -m benchmarks.webhooks [--seconds 60] [--rate 500] [--out docs/benchmarks]

What is done: docs/benchmarks/webhooks.md, which this writes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tests.child_instance import Instance

from benchmarks.webhooks.report import Result, write_report
from groundwork_core.webhooks.event_types import EVENT_TYPES

ENDPOINTS, HANGING = 50, 5
TICK_SECONDS = 0.1
CATCH_UP_SECONDS = 60.0
ADD = """
INSERT INTO outbox (aggregate, aggregate_id, version, kind, data, became)
SELECT split_part(e, '.', 1), gen_random_uuid(), 1, 'measured',
    jsonb_build_object('id', gen_random_uuid(), 'version', 1, 'name', repeat('n', 200)),
    split_part(e, '.', 2)
FROM unnest(%s::text[]) e
"""


@dataclass(frozen=True)
class Came:
    """One message that arrived."""

    path: str
    id: str
    happened: float
    delay: float


def main() -> None:
    """Measure and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--rate", type=int, default=500)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    hanging = ",".join(f"/{number}" for number in range(HANGING))
    with (
        tempfile.TemporaryDirectory(prefix="groundwork-bench-") as name,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.webhooks.endpoints", hanging],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as endpoints,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user passes through
        assert endpoints.stdout
        port = int(endpoints.stdout.readline())
        settings = {"GROUNDWORK_FETCH_ALLOW": f"127.0.0.1:{port}"}
        with Instance(folder / "home", settings) as instance:
            events = subscribe(instance, port)
            with psycopg.connect(instance.addresses["DATABASE_URL"], autocommit=True) as database:
                happen(instance, database, events, ENDPOINTS, 1.0)
                wait(database)
                began = time.time()
                sent = happen(instance, database, events, options.rate, options.seconds)
                caught_up = wait(database)
            stdout, _ = endpoints.communicate("")
    every = [Came(*_read(line)) for line in stdout.splitlines() if line]
    came = [one for one in every if one.happened >= began]
    result = summed(came, sent, options.rate, options.seconds, caught_up)
    write_report(result, options.out)
    print(result)


def _read(line: str) -> tuple[str, str, float, float]:
    path, id_, happened, delay = line.split(" ")
    return path, id_, float(happened), float(delay)


def subscribe(instance: Instance, port: int) -> list[str]:
    """Make the webhooks, each with an event of its own; return the events."""
    events = [name for name in EVENT_TYPES if not name.startswith("webhooks.")][:ENDPOINTS]
    with instance.client() as client:
        for number, event in enumerate(events):
            new = {"url": f"http://127.0.0.1:{port}/{number}", "events": [event]}
            client.post("/api/v1/webhooks", json=new).raise_for_status()
    return events


def happen(
    instance: Instance,
    database: psycopg.Connection[tuple[object, ...]],
    events: Sequence[str],
    rate: int,
    seconds: float,
) -> int:
    """Let events happen at a steady rate, in turn; return how many."""
    with instance.client() as client:  # a write wakes the relay, which then stays awake
        client.post("/api/v1/contents", json={"title": "wake"}).raise_for_status()
    began, count = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        wanted = int((passed + TICK_SECONDS) * rate)
        database.execute(ADD, [[events[one % len(events)] for one in range(count, wanted)]])
        count = wanted
        time.sleep(max(0.0, TICK_SECONDS - (time.monotonic() - began) % TICK_SECONDS))
    return count


def wait(database: psycopg.Connection[tuple[object, ...]]) -> float:
    """Wait until nothing is left for endpoints that do not fail; return the seconds."""
    began = time.monotonic()
    waiting = """
    SELECT count(*) FROM webhook_messages m JOIN webhook_states s USING (webhook_id)
    WHERE m.status = 'pending' AND s.failing_since IS NULL AND m.type <> ALL (%s)
    """
    hung = [name for name in EVENT_TYPES if not name.startswith("webhooks.")][:HANGING]
    while time.monotonic() - began < CATCH_UP_SECONDS:
        time.sleep(0.5)
        row = database.execute(waiting, [hung]).fetchone()
        if row == (0,):
            break
    return time.monotonic() - began


def summed(came: Sequence[Came], sent: int, rate: int, seconds: float, caught_up: float) -> Result:
    """Sum up what arrived at the endpoints that do not hang."""
    hanging = {f"/{number}" for number in range(HANGING)}
    healthy = [one for one in came if one.path not in hanging]
    delays = sorted(one.delay for one in healthy)
    percents = statistics.quantiles(delays, n=100)
    return Result(
        rate=rate,
        seconds=seconds,
        sent=sent,
        expected=sent * (ENDPOINTS - HANGING) // ENDPOINTS,
        arrived=len({one.id for one in healthy}),
        twice=sum(times - 1 for times in Counter(one.id for one in healthy).values()),
        to_hanging=len(came) - len(healthy),
        p50=percents[49],
        p95=percents[94],
        p99=percents[98],
        longest=delays[-1],
        caught_up=caught_up,
    )


if __name__ == "__main__":
    main()
