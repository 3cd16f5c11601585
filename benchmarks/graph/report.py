"""The tables and the plot of benchmarks/graph/run.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.machine import described

Rows = list[dict[str, Any]]
GOALS = {1: 50.0, 16: 150.0}
ADDED_MS = 10.0
COLUMNS = ("question", "clients", "first", "p50", "p95", "bare_p50", "bare_p95", "statements",
           "errors")  # fmt: skip
TITLES = ("question", "clients", "first ms", "p50 ms", "p95 ms", "bare p50", "bare p95",
          "statements", "errors")  # fmt: skip


def write_report(rows: Rows, folder: Path) -> None:
    """Write graph.json, graph.md and graph.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graph.json").write_text(json.dumps(rows, indent=1) + "\n")
    sizes = sorted({row["relationships"] for row in rows})
    lines = [
        "# Questions to graphs of up to ten million relationships",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.graph.run` on: "
        f"{described()}. Load generator, gateway, environments (one more than cores), Postgres and"
        " Neo4j share these cores. Each graph has a tenth as many entities as relationships and 20"
        " hubs that touch 14 % of all; of the largest, each hub has 69,000. Times in ms through"
        " HTTP and GraphQL;"
        " *bare*: the same statements with the same parameters on bare drivers, in the same run;"
        " *first*: the first request of its kind after the start, its plan included.",
        "",
        *_verdict([row for row in rows if row["relationships"] == sizes[-1]]),
        "",
        "![p95 by size](graph.png)",
    ]
    for size in reversed(sizes):
        lines += ["", f"## {size:,} relationships", "", "| " + " | ".join(TITLES) + " |"]
        lines += ["|" + "---|" * len(TITLES)]
        lines += [
            "| " + " | ".join(str(row[column]) for column in COLUMNS) + " |"
            for row in rows
            if row["relationships"] == size
        ]
    (folder / "graph.md").write_text("\n".join(lines) + "\n")
    _plot(rows, sizes, folder / "graph.png")


def _verdict(rows: Rows) -> list[str]:
    """Hold the largest graph against the goals."""
    over = [
        f"{row['question']} at {row['clients']}: {row['p95']} ms"
        for row in rows
        if row["p95"] > GOALS[row["clients"]]
    ]
    added = [
        f"{row['question']}: {row['p50'] - row['bare_p50']:.1f} ms"
        for row in rows
        if row["clients"] == 1 and row["p50"] - row["bare_p50"] > ADDED_MS
    ]
    return [
        "Goals: p95 under 50 ms at one client and 150 ms at 16; over: "
        + ("; ".join(over) or "none") + ".",
        "",
        "Goal: at most 10 ms more than the bare drivers (medians, one client); over: "
        + ("; ".join(added) or "none") + ".",
    ]  # fmt: skip


def _plot(rows: Rows, sizes: list[int], path: Path) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, axes = plt.subplots(1, len(GOALS), figsize=(13, 6), sharey=True)
    names = list(dict.fromkeys(row["question"] for row in rows))
    for axis, (clients, goal) in zip(axes, GOALS.items(), strict=True):
        for place, name in enumerate(names):
            found = [r for r in rows if r["question"] == name and r["clients"] == clients]
            axis.plot(
                [r["relationships"] for r in found],
                [r["p95"] for r in found],
                marker="o",
                linestyle="--" if place >= 10 else "-",
                label=name,
            )
        axis.axhline(goal, color="black", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.set_title(f"p95 in ms at {clients} client{'s' * (clients > 1)}; line: the goal")
        axis.set_xlabel("relationships")
    axes[-1].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
