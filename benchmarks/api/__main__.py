"""The REST API beside FastAPI and axum: read one, list 50, create and patch, in one run.

    .venv/bin/python -m benchmarks.api [--seconds 7] [--out docs/benchmarks]

Same machine, same Postgres server, same rows and tables, same token, the same number of worker
processes, the same load, and the same answers (answers.py). Peers: peer_*.py and limit/, which is
built with cargo and skipped without. What each does: docs/benchmarks/api.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.api import jobs, servers
from benchmarks.api.answers import answers_of, check_equal
from benchmarks.api.load import Heard, Job, Load
from benchmarks.api.report import write_report
from benchmarks.api.usage import Used, Watch
from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres

CLIENTS = (1, 10, 100, 1_000)
SHARE = 0.6
"""Of the most that it gave: what is offered to it in the open runs."""
WARM_SECONDS = 6.0


@dataclass(frozen=True)
class Cell:
    """One line of the table. `offered` is a rate; None: as much as it gives."""

    server: str
    job: str
    clients: int
    offered: float | None
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    cpu_seconds: float
    memory_mb: float
    services_cpu_seconds: float
    services_memory_mb: float


def measure(
    server: servers.Server, clients: Sequence[int], seconds: float, *, open_loop: bool
) -> Iterator[Cell]:
    """Measure every job of one server."""
    every: list[Job] = [
        jobs.Read(server.token, server.ids),
        jobs.List(server.token),
        jobs.Create(server.token, f"{server.name}-{server.port}"),
        jobs.Patch(server.token, server.ids),
    ]
    for job in every:
        Load(("127.0.0.1", server.port), job, min(10, clients[-1])).closed(WARM_SECONDS)
        most = 0.0
        for number in clients:
            cell = _run(server, job, number, seconds, None)
            most = max(most, cell.per_second)
            yield cell
        if open_loop:
            yield _run(server, job, clients[-1], seconds, SHARE * most)


def _run(
    server: servers.Server, job: Job, clients: int, seconds: float, offered: float | None
) -> Cell:
    servers.await_quiet(server)
    load = Load(("127.0.0.1", server.port), job, clients)
    with Watch(server.process) as watch:
        heard = load.closed(seconds) if offered is None else load.open(offered, seconds)
    cell = _cell(server.name, job.name, clients, offered, heard, watch.used)
    print(cell, flush=True)
    return cell


def _cell(
    server: str, job: str, clients: int, offered: float | None, heard: Heard, used: Used
) -> Cell:
    return Cell(
        server,
        job,
        clients,
        None if offered is None else round(offered),
        round(heard.per_second),
        heard.percentile_ms(50),
        heard.percentile_ms(95),
        heard.percentile_ms(99),
        heard.errors,
        used.server.cpu_seconds,
        used.server.memory_mb,
        used.services.cpu_seconds,
        used.services.memory_mb,
    )


def main() -> None:
    """Measure all servers and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=7.0)
    arguments.add_argument("--clients", default=",".join(map(str, CLIENTS)))
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    clients = [int(number) for number in options.clients.split(",")]
    cells: list[Cell] = []
    program = servers.built_axum()
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user passes through
        home = Home(folder / "database")
        home.prepare()
        postgres = Postgres(home)
        url = postgres.start(lambda line: print(line, file=sys.stderr))["DATABASE_URL"]
        mint = servers.Mint()
        try:
            with servers.groundwork(folder, url, mint) as ours:
                expected = answers_of(ours)
                cells += measure(ours, clients, options.seconds, open_loop=True)
            # Ours has stopped, Neo4j and the queue emulator with it: the peers have both cores.
            # Each has a database of its own: what one's load changed, the next one's list shows.
            peers = [
                servers.fastapi(kind, servers.peers_database(url, kind), mint)
                for kind in ("sync", "async", "lean")
            ]
            if program is not None:
                peers.append(servers.axum(program, servers.peers_database(url, "axum"), mint))
            for peer in peers:
                with peer as server:
                    check_equal(expected, answers_of(server), server.name)
                    cells += measure(server, clients, options.seconds, open_loop=False)
        finally:
            postgres.stop()
    write_report([asdict(cell) for cell in cells], options.out, options.seconds)


if __name__ == "__main__":
    main()
