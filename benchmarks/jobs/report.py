"""Write docs/benchmarks/jobs.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import described

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "jobs.md"
BATCHES = "Groundwork, ten jobs a lease"
TOGETHER = "Groundwork, ten jobs a lease, handed in together"
BY_HAND = "\n## Where the time goes\n"
"""The heading from which the page is written by hand: a run keeps what follows."""


@dataclass
class Measured:
    """The results of one run."""

    seconds: float
    load: float
    per_second: dict[str, dict[int, float]] = field(default_factory=dict)
    cpu_ms: dict[str, dict[int, float]] = field(default_factory=dict)
    start_ms: dict[str, list[float]] = field(default_factory=dict)
    queued: int = 0
    lease_ms: list[float] = field(default_factory=list)


def at(values: list[float], share: float) -> float:
    """Return a quantile of sorted values."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def write(found: Measured) -> None:
    """Write the page."""
    counts = sorted(next(iter(found.per_second.values())))
    head = " | ".join("1 worker" if count == 1 else f"{count} workers" for count in counts)
    rows = [
        f"| {name} | " + " | ".join(f"{rates[count]:.0f}" for count in counts) + " |"
        for name, rates in found.per_second.items()
    ]
    starts = [
        f"| {name} | {at(waits, 0.5):.0f} | {at(waits, 0.95):.0f} | {len(waits)} |"
        for name, waits in found.start_ms.items()
    ]
    flaws = [
        name
        for name, there in (("short", found.seconds < 20), ("on a busy machine", found.load > 2))
        if there
    ]
    short = (
        f"\n**The run was {' and '.join(flaws)}**: read the rows against each other, not as"
        " capacity.\n"
        if flaws
        else ""
    )
    cpu = [
        f"| {name} | " + " | ".join(f"{used[count]:.1f}" for count in counts) + " |"
        for name, used in found.cpu_ms.items()
    ]
    text = f"""# Jobs

`python -m benchmarks.jobs --peers .venv/peers/bin/python` on {described()}; {found.seconds:.0f} s \
each, load average {found.load:.1f} at the start.
{short}
A worker leases a job, reports on it once, and hands in ten statements (4 entities, 3 \
relationships, 3 mentions). Groundwork's workers do it over HTTP against a whole instance, whose \
relay brings the statements to the graph meanwhile. The peers write the same statements straight \
to tables in the same Postgres, in one transaction for each job, from the process that runs them: \
no HTTP, no triggers, no outbox, no graph. The instance was warmed up for a minute before. Goals: \
200 jobs a second, and a start 100 ms after the addition.

## Jobs applied each second
`{BATCHES}`: a worker leases ten jobs by one request, and then makes two requests for each job. \
`{TOGETHER}`: one request leases ten jobs, one reports on them, and one hands them in \
(`POST /jobs/status`, `POST /jobs/results`).

| | {head} |
|---|{"---|" * len(counts)}
{chr(10).join(rows)}

CPU of the whole instance for each job, in milliseconds (graph and Postgres' background included):

| | {head} |
|---|{"---|" * len(counts)}
{chr(10).join(cpu)}

## From the addition to the start, in milliseconds
30 jobs a second, 8 workers; Groundwork's ask again after 20 ms when nothing waits, the peers \
listen to Postgres.

| | p50 | p95 | jobs |
|---|---|---|---|
{chr(10).join(starts)}

## One lease with {found.queued:,} jobs queued
A call of the adapter, round trip included: p50 {at(found.lease_ms, 0.5):.1f} ms, p95 \
{at(found.lease_ms, 0.95):.1f} ms of {len(found.lease_ms)}. Goal: 5 ms.
"""
    _, heading, by_hand = PAGE.read_text().partition(BY_HAND)
    PAGE.write_text(text + heading + by_hand)
