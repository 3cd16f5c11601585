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
OURS = "groundwork"
ORM_PEERS = ("fastapi sync", "fastapi async")
SERVERS = (OURS, *ORM_PEERS, "fastapi lean", "axum")
"""In the order of the tables; a server that was skipped is left out."""
FASTER = {"read": 2.3, "list": 1.6, "create": 1.6, "patch": 1.6}
"""Goals: ours over the requests per second of the faster peer with an ORM, at 100 clients."""
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
rate limit. Their create and patch write the outbox row and the audit row in the same transaction,
and a patch locks its row and compares the version, but nothing carries their outbox, and their
tables have no triggers. Before a peer is measured, its answers are compared with ours: status, body
and ETag of each kind of request, and of some that are refused.

- **groundwork**: one statement a request, JSON made by Postgres; triggers write version, outbox and
  audit rows.
- **fastapi sync**, **fastapi async**: they read through the SQLAlchemy ORM, write in several
  statements, and make the JSON from a Pydantic model of each row. FastAPI is mostly used like this;
  it can be faster.
- **fastapi lean**: FastAPI async, psycopg's pool, one prepared statement a request, JSON made by
  Postgres, orjson: what a team that minds performance would write.
- **axum**: the same statements from Rust (axum, tokio-postgres, 2 threads): about the most that
  this machine can give with Postgres and the load generator on it.

All Python servers run on uvloop. The peers run alone: Groundwork, Neo4j and the
queue emulator have stopped by then. Peers and ours use databases of one Postgres server with the
same tables and indexes; commits wait for the disk.

CPU and memory (the highest seen) are of the server's processes; `services` are Neo4j and the queue
emulator, which only ours has. Postgres is in neither.
"""


def write_report(cells: Cells, folder: Path, seconds: float) -> None:
    """Write api.json, api.md and api.png into a folder; a cell took so many seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.json").write_text(json.dumps(cells, indent=1) + "\n")
    closed = [cell for cell in cells if cell["offered"] is None]
    lines = [
        "# The REST API, beside FastAPI and axum",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by"
        f" `python -m benchmarks.api --seconds {seconds:g}` on: {described()}.",
        ABOUT,
        "## Ours beside each peer",
        "",
        "Requests/s of ours over those of the peer, and p99 of ours over that of the peer. `ORM`",
        "is the faster of the two peers with an ORM; the goals are about it.",
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


def _servers(cells: Cells) -> list[str]:
    measured = {cell["server"] for cell in cells}
    return [server for server in SERVERS if server in measured]


def _ratios(cells: Cells) -> list[str]:
    others = [server for server in _servers(cells) if server not in (OURS, *ORM_PEERS)]
    titles = ["job", "clients", "ORM requests/s", "goal", "ORM p99", "goal"]
    titles += [f"{server} {what}" for server in others for what in ("requests/s", "p99")]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for job in JOBS:
        for clients in _numbers(cells):
            ours = _cell(cells, OURS, job, clients)
            with_orm = [_cell(cells, server, job, clients) for server in ORM_PEERS]
            best = max(with_orm, key=lambda cell: cell["per_second"])
            aimed = clients == AIMED_CLIENTS
            goals = (f"≥ {FASTER[job]}", f"≤ {P99_AT_MOST}") if aimed else ("", "")
            rate, p99 = _over(ours, best)
            columns = [job, str(clients), rate, goals[0], p99, goals[1]]
            for server in others:
                columns += _over(ours, _cell(cells, server, job, clients))
            lines.append("| " + " | ".join(columns) + " |")
    return lines


def _over(ours: dict[str, Any], peer: dict[str, Any]) -> tuple[str, str]:
    """Return our requests/s and our p99, each over the peer's."""
    rate = ours["per_second"] / max(1, peer["per_second"])
    return f"{rate:.2f}", f"{ours['p99_ms'] / max(0.01, peer['p99_ms']):.2f}"


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

    numbers, servers = _numbers(cells), _servers(cells)
    width = 0.8 / len(servers)
    figure, axes = plt.subplots(2, 4, figsize=(15, 7))
    for row, (column, title) in enumerate((("per_second", "requests/s"), ("p99_ms", "p99, ms"))):
        for side, job in enumerate(JOBS):
            axis = axes[row][side]
            for place, server in enumerate(servers):
                values = [_cell(cells, server, job, number)[column] for number in numbers]
                places = [x + width * place for x in range(len(numbers))]
                axis.bar(places, values, width=0.9 * width, label=server)
            axis.set_xticks([x + 0.4 for x in range(len(numbers))], [f"{n:,}" for n in numbers])
            axis.set_title(f"{job}: {title}")
            axis.set_xlabel("clients")
            if row:
                axis.set_yscale("log")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
