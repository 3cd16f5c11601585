"""The table and the plot of benchmarks/http/run.py."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.machine import described

Cells = list[dict[str, Any]]
COLUMNS = ("server", "job", "clients", "per_second", "p50_ms", "p95_ms", "p99_ms", "errors",
           "cpu_seconds", "memory_mb")  # fmt: skip
TITLES = ("server", "job", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors",
          "CPU s", "memory MB")  # fmt: skip


def write_report(cells: Cells, folder: Path) -> None:
    """Write http.json, http.md and http.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "http.json").write_text(json.dumps(cells, indent=1) + "\n")
    lines = [
        "# One read and one list, beside FastAPI",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.http.run` on: "
        f"{described()}. The load generator (wrk), Postgres and the server share these cores. "
        "20,000 entities; EdDSA token checked; 2 worker processes each (ours has one gateway "
        "process more). The instance's idle services (Neo4j, the queue emulator) ran all along.",
        "",
        *_ratios(cells),
        "",
        "![throughput and p99](http.png)",
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "---|" * len(TITLES),
        *("| " + " | ".join(f"{cell[column]}" for column in COLUMNS) + " |" for cell in cells),
        "",
        "CPU and memory of ours count every process below `groundwork up`, Neo4j and the emulator"
        " included; of the peers, uvicorn and its workers.",
    ]
    (folder / "http.md").write_text("\n".join(lines) + "\n")
    _plot(cells, folder / "http.png")


def _cell(cells: Cells, server: str, job: str, clients: int) -> dict[str, Any]:
    return next(c for c in cells if (c["server"], c["job"], c["clients"]) == (server, job, clients))


def _ratios(cells: Cells) -> list[str]:
    lines = [
        "| job | clients | ours ÷ faster peer, requests/s | ours ÷ that peer, p99 |",
        "|---|---|---|---|",
    ]
    for job in ("read", "list"):
        for clients in (1, 100, 1000):
            ours = _cell(cells, "groundwork", job, clients)
            peers = [_cell(cells, f"fastapi {kind}", job, clients) for kind in ("sync", "async")]
            best = max(peers, key=lambda cell: cell["per_second"])
            lines.append(
                f"| {job} | {clients} | {ours['per_second'] / best['per_second']:.2f} | "
                f"{ours['p99_ms'] / best['p99_ms']:.2f} |"
            )
    return lines


def _plot(cells: Cells, path: Path) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, axes = plt.subplots(2, 2, figsize=(10, 7))
    servers = ("groundwork", "fastapi sync", "fastapi async")
    for row, (column, title) in enumerate((("per_second", "requests/s"), ("p99_ms", "p99, ms"))):
        for side, job in enumerate(("read", "list")):
            axis = axes[row][side]
            for place, server in enumerate(servers):
                values = [_cell(cells, server, job, n)[column] for n in (1, 100, 1000)]
                axis.bar([x + 0.27 * place for x in range(3)], values, width=0.25, label=server)
            axis.set_xticks([0.27, 1.27, 2.27], ["1 client", "100 clients", "1,000 clients"])
            axis.set_title(f"{job}: {title}")
            if row:
                axis.set_yscale("log")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
