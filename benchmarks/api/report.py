"""The tables and the plot of benchmarks/api."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.machine import described

Cells = list[dict[str, Any]]
COLUMNS = ("server", "job", "clients", "per_second", "p50_ms", "p95_ms", "p99_ms", "errors",
           "cpu_seconds", "memory_mb", "services_cpu_seconds", "services_memory_mb")  # fmt: skip
TITLES = ("server", "job", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors",
          "CPU s", "memory MB", "services' CPU s", "services' MB")  # fmt: skip
JOBS = ("read", "list", "create", "patch")
SERVERS = ("groundwork", "fastapi sync", "fastapi async")
FASTER = {"read": 2.3, "list": 1.6, "create": 1.6, "patch": 1.6}
"""Goals: ours over the faster peer's requests per second, at 100 clients."""
P99_AT_MOST = 0.4
"""Goal: ours over that peer's p99, at 100 clients."""
AIMED_CLIENTS = 100
P95_MS_AT_MOST = 200
"""Goal: at 60 % of the most, with the most clients."""
ABOUT = """
Each client keeps its connection alive. Closed runs: it asks again when it is answered. Open runs:
requests are due at a constant rate, and latency counts from then. A PATCH names the version by
If-Match, each client with a row of its own. The load generator (one process, in
benchmarks/api/load.py), Postgres and the server share the cores. 20,000 entities; one EdDSA token,
checked; 2 worker processes each, and ours has a gateway process besides.

Ours runs with everything on: permissions, a rate limit that counts and is never reached, ETags,
audit rows (entities are audited for this run, which they are not by default), outbox rows and the
relay that carries them into Neo4j meanwhile. The peers check the token, have no permissions and no
rate limit, and do the same SQL work: a create and a patch write the outbox row and the audit row
in the same transaction, a patch holds its row and compares the version. Nothing carries their
outbox. They run alone: Groundwork, Neo4j and the queue emulator have stopped by then. Peers and
ours use databases of one Postgres server with the same tables and indexes; commits wait for the
disk.

CPU and memory (the highest seen) are of the server's processes; `services` are Neo4j and the queue
emulator, which only ours has. Postgres is in neither.
"""


def write_report(cells: Cells, folder: Path) -> None:
    """Write api.json, api.md and api.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.json").write_text(json.dumps(cells, indent=1) + "\n")
    closed = [cell for cell in cells if cell["offered"] is None]
    lines = [
        "# The REST API, beside FastAPI",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.api` on: {described()}.",
        ABOUT,
        "## Ours beside the faster peer",
        "",
        *_ratios(closed),
        "",
        "![throughput and p99](api.png)",
        "",
        "## At 60 % of the most that it gave",
        "",
        *_offered([cell for cell in cells if cell["offered"] is not None]),
        "",
        "## Everything",
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "---|" * len(TITLES),
        *("| " + " | ".join(f"{cell[column]}" for column in COLUMNS) + " |" for cell in closed),
    ]
    (folder / "api.md").write_text("\n".join(lines) + "\n")
    _plot(closed, folder / "api.png")


def _cell(cells: Cells, server: str, job: str, clients: int) -> dict[str, Any]:
    return next(c for c in cells if (c["server"], c["job"], c["clients"]) == (server, job, clients))


def _numbers(cells: Cells) -> list[int]:
    return sorted({cell["clients"] for cell in cells})


def _ratios(cells: Cells) -> list[str]:
    lines = [
        "| job | clients | faster peer | ours ÷ its requests/s | goal | ours ÷ its p99 | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for job in JOBS:
        for clients in _numbers(cells):
            ours = _cell(cells, "groundwork", job, clients)
            peers = [_cell(cells, server, job, clients) for server in SERVERS[1:]]
            best = max(peers, key=lambda cell: cell["per_second"])
            aimed = clients == AIMED_CLIENTS
            goals = (f"≥ {FASTER[job]}", f"≤ {P99_AT_MOST}") if aimed else ("", "")
            lines.append(
                f"| {job} | {clients} | {best['server']} |"
                f" {ours['per_second'] / max(1, best['per_second']):.2f} | {goals[0]} |"
                f" {ours['p99_ms'] / max(0.01, best['p99_ms']):.2f} | {goals[1]} |"
            )
    return lines


def _offered(cells: Cells) -> list[str]:
    return [
        "| job | clients | offered/s | answered/s | p50 ms | p95 ms | p99 ms | errors |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {cell['job']} | {cell['clients']} | {cell['offered']} | {cell['per_second']} |"
            f" {cell['p50_ms']} | {cell['p95_ms']} | {cell['p99_ms']} | {cell['errors']} |"
            for cell in cells
        ),
        "",
        f"Goal: p95 under {P95_MS_AT_MOST} ms, no error.",
    ]


def _plot(cells: Cells, path: Path) -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    numbers = _numbers(cells)
    figure, axes = plt.subplots(2, 4, figsize=(15, 7))
    for row, (column, title) in enumerate((("per_second", "requests/s"), ("p99_ms", "p99, ms"))):
        for side, job in enumerate(JOBS):
            axis = axes[row][side]
            for place, server in enumerate(SERVERS):
                values = [_cell(cells, server, job, number)[column] for number in numbers]
                places = [x + 0.27 * place for x in range(len(numbers))]
                axis.bar(places, values, width=0.25, label=server)
            axis.set_xticks([x + 0.27 for x in range(len(numbers))], [f"{n:,}" for n in numbers])
            axis.set_title(f"{job}: {title}")
            axis.set_xlabel("clients")
            if row:
                axis.set_yscale("log")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
