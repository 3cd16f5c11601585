"""The tables and the plot of benchmarks/relay."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.machine import described

Found = dict[str, Any]
P95_MS_AT_MOST = 500
ROWS_A_SECOND_AT_LEAST = 10_000
LAG = """
## Lag at {rate:.0f} writes a second

{writes} writes through REST in {seconds:.0f} s ({mix}).
{rows} outbox rows came of them, each timed from the beginning of its transaction until a client
that asks Neo4j every 5 ms finds that the graph has had it:
"""
QUIET = """
## The first write after {seconds:.0f} s of quiet

The relay sleeps then, and is called by a message. From before the request, {writes} times:
"""
THROUGHPUT = """
## A backlog

Rows of new entities and relationships (1 to 2), then a later version of each of them, written
while the relay is held back; then it is let go. From then until the cursor in Postgres has passed
all of them. The peer reads the same rows of the same outbox and merges them by id with the bare
driver, 5,000 a transaction, with the relay held back and, for new rows, on an emptied graph. It
has no version guard, no tombstones and no labels by type, and expects ends before relationships.
A smaller round of both came first, to warm them.
"""


def write_report(found: Found, folder: Path) -> None:
    """Write relay.json, relay.md and relay.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "relay.json").write_text(json.dumps(found) + "\n")
    lines = [
        "# From Postgres to the graph",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.relay` on: {described()}.",
        "A whole instance of `groundwork up`; the load generator and all services share the cores.",
        "",
        "![lag, and rows a second](relay.png)",
        *(_lag(found["lag"]) if "lag" in found else []),
        *(_quiet(found["quiet"]) if "quiet" in found else []),
        *(_throughput(found["throughput"]) if "throughput" in found else []),
    ]
    (folder / "relay.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    _plot(found, folder / "relay.png")


def _lag(found: Found) -> list[str]:
    lags = [lag for _, lag in found["lags"]]
    writes = sum(found["writes"].values())
    mix = ", ".join(f"{number} {name}" for name, number in sorted(found["writes"].items()))
    text = LAG.format(
        rate=writes / found["seconds"],
        writes=writes,
        seconds=found["seconds"],
        mix=mix,
        rows=len(lags),
    )
    metric, worst = found["metric"], _worst(found["lags"])
    return [
        text,
        *_percentiles(lags),
        "",
        f"Goal: p95 under {P95_MS_AT_MOST} ms.",
        "",
        "The metric `relay_lag_seconds` tells the worst of each second. Beside the worst of each "
        "second as seen in Neo4j:",
        "",
        "| | mean ms | 95 % at most, ms |",
        "|---|---|---|",
        f"| metric | {metric['sum'] / metric['count'] * 1000:.0f} | {_bound(metric) * 1000:.0f} |",
        f"| seen | {sum(worst) / len(worst) * 1000:.0f} | {_percentile(worst, 95) * 1000:.0f} |",
        "",
        "The metric is a histogram, so its percentile is the bound of a bucket.",
    ]


def _quiet(found: Found) -> list[str]:
    text = QUIET.format(seconds=found["seconds"], writes=len(found["lags"]))
    return [text, *_percentiles(found["lags"])]


def _throughput(found: Found) -> list[str]:
    kinds = [(kind, found[kind]) for kind in ("new", "updates")]
    parts = sorted({name for _, one in kinds for name in one["cpu"]})
    shown = [n for n in parts if any(one["cpu"].get(n, 0) >= 0.1 for _, one in kinds)]
    return [
        THROUGHPUT,
        "| | rows | Groundwork, rows/s | peer, rows/s | goal |",
        "|---|---|---|---|---|",
        *(
            f"| {kind} | {one['rows']:,} | **{one['groundwork']:,}** | {one['peer']:,} |"
            f" ≥ {ROWS_A_SECOND_AT_LEAST:,} |"
            for kind, one in kinds
        ),
        "",
        "| CPU seconds of ours | " + " | ".join(kind for kind, _ in kinds) + " |",
        "|---|---|---|",
        *(
            f"| {name} | " + " | ".join(f"{one['cpu'].get(name, 0):.1f}" for _, one in kinds) + " |"
            for name in shown
        ),
        "| elapsed | " + " | ".join(f"{one['seconds']:.1f}" for _, one in kinds) + " |",
    ]


def _percentiles(seconds: Sequence[float]) -> list[str]:
    figures = [_percentile(seconds, percent) * 1000 for percent in (50, 95, 99, 100)]
    return [
        "| p50 ms | p95 ms | p99 ms | longest ms |",
        "|---|---|---|---|",
        "| " + " | ".join(f"{figure:.0f}" for figure in figures) + " |",
    ]


def _percentile(values: Sequence[float], percent: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _worst(lags: Sequence[tuple[float, float]]) -> list[float]:
    """Return the worst of each second."""
    found: dict[int, float] = {}
    for at, lag in lags:
        found[int(at)] = max(found.get(int(at), 0.0), lag)
    return list(found.values())


def _bound(counts: dict[str, float]) -> float:
    """Return the bound of the bucket in which the 95th of a hundred values lies."""
    bounds = sorted(float(name) for name in counts if name not in {"sum", "count"})
    return next(
        b for b in bounds if counts[str(b) if b != math.inf else "+Inf"] >= 0.95 * counts["count"]
    )


def _plot(found: Found, path: Path) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    if "lag" in found:
        lags = sorted(lag * 1000 for _, lag in found["lag"]["lags"])
        shares = [100 * (place + 1) / len(lags) for place in range(len(lags))]
        left.plot(lags, shares, label="at a steady rate")
    if "quiet" in found:
        lags = sorted(lag * 1000 for lag in found["quiet"]["lags"])
        shares = [100 * (place + 1) / len(lags) for place in range(len(lags))]
        left.plot(lags, shares, label="the first after quiet")
    left.axvline(P95_MS_AT_MOST, linestyle=":", color="grey")
    left.set_xlabel("ms until the graph shows a write")
    left.set_ylabel("% of writes")
    left.legend()
    if "throughput" in found:
        kinds = ("new", "updates")
        for place, who in enumerate(("groundwork", "peer")):
            values = [found["throughput"][kind][who] for kind in kinds]
            right.bar([x + 0.35 * place for x in range(2)], values, width=0.33, label=who)
        right.axhline(ROWS_A_SECOND_AT_LEAST, linestyle=":", color="grey")
        right.set_xticks([0.175, 1.175], kinds)
        right.set_ylabel("rows a second to the graph")
        right.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
