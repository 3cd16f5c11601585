"""The page of the webhooks benchmark."""

# ruff: noqa: E501 - the lines of a page

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.machine import described

GOAL_SECONDS = 1.0


@dataclass(frozen=True)
class Result:
    """The results of a run; times are seconds from the event to its arrival at the endpoint."""

    rate: int
    seconds: float
    sent: int
    expected: int
    """Of them for endpoints that do not hang."""
    arrived: int
    twice: int
    to_hanging: int
    p50: float
    p95: float
    p99: float
    longest: float
    caught_up: float


def write_report(found: Result, folder: Path) -> None:
    """Write webhooks.md."""
    met = "met" if found.p95 < GOAL_SECONDS else "missed"
    load = psutil.getloadavg()[1]
    (folder / "webhooks.md").write_text(f"""# Webhooks

{found.rate} events a second for {found.seconds:g} seconds, to 50 webhooks of a real instance (`groundwork up`); 5 of their endpoints take the message and never answer. Goal: at the others, 95 of 100 messages arrive within a second of the event.

Measured {datetime.now(UTC):%Y-%m-%d} on {described()}; load average {load:.1f}. Generator, Postgres, the relay, the sender and the endpoints share the machine.

| at the 45 endpoints that work | |
|---|---|
| messages expected | {found.expected:,} |
| arrived | {found.arrived:,} |
| arrived twice | {found.twice:,} |
| from event to arrival, median | {found.p50 * 1000:,.0f} ms |
| 95 of 100 within (goal {GOAL_SECONDS:g} s: {met}) | {found.p95 * 1000:,.0f} ms |
| 99 of 100 within | {found.p99 * 1000:,.0f} ms |
| longest | {found.longest * 1000:,.0f} ms |
| all sent after the last event | {found.caught_up:,.1f} s |
| attempts at the 5 that hang | {found.to_hanging:,} |

How: events are rows of the outbox, 0.1 s of them in one transaction, each of a kind that one webhook asked for. The host runs the relay and the sender as on a laptop. Each message is signed, posted on a connection of its own, and listed as an attempt. The times are those of one clock, from the transaction's beginning (the `timestamp` in the message) to the moment at which the endpoint has read the request's head.

    .venv/bin/python -m benchmarks.webhooks --seconds {found.seconds:g} --rate {found.rate}
""")
