"""The table of benchmarks/graph/rebuilding.py."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import described

Rows = list[dict[str, Any]]
TITLES = ("what", "rows", "seconds", "rows/s", "CPU of Neo4j", "of Postgres", "of us")


def write_report(rows: Rows, parts: Sequence[str], folder: Path) -> None:
    """Write graph-rebuild.json and graph-rebuild.md into a folder.

    What the file has of other sizes and parts stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "graph-rebuild.json"
    sizes = {row["relationships"] for row in rows}
    if kept.exists():
        rows = [
            row
            for row in json.loads(kept.read_text())
            if row["relationships"] not in sizes or row["part"] not in parts
        ] + rows
    rows.sort(key=lambda row: (-row["relationships"], row["part"]))
    kept.write_text(json.dumps(rows, indent=1) + "\n")
    lines = [
        "# Rebuilding a graph of up to ten million relationships",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.graph.rebuilding` on: "
        f"{described()}. Postgres, Neo4j and the command share these cores. Ten relationships for"
        " each entity; seconds of the clock, and of CPU where nothing but that ran. *Offline:"
        " import* is Neo4j's own tool on ready files, so the bare thing; *bare driver* creates"
        " relationships of one type without moments, from rows in memory, with two writers. Goals"
        " at ten million: offline under 300 s all told, online at least 20,000 relationships/s"
        " with the reading of Postgres, and the comparison of a million entities under 60 s.",
    ]
    for size in dict.fromkeys(row["relationships"] for row in rows):
        lines += ["", f"## {size:,} relationships", "", "| " + " | ".join(TITLES) + " |"]
        lines += ["|" + "---|" * len(TITLES)]
        lines += [_line(row) for row in rows if row["relationships"] == size]
    (folder / "graph-rebuild.md").write_text("\n".join(lines) + "\n")


def _line(row: dict[str, Any]) -> str:
    rows = f"{row['rows']:,}" if row["rows"] else ""
    rate = f"{row['rows'] / row['seconds']:,.0f}" if row["rows"] else ""
    cpu = [row[f"{name}_cpu"] for name in ("neo4j", "postgres", "our")]
    cells = [row["what"], rows, f"{row['seconds']:,.1f}", rate]
    return "| " + " | ".join([*cells, *("" if c is None else f"{c:,.0f}" for c in cpu)]) + " |"
