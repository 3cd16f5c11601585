"""A folder of real feeds, from the first POST of a source until all of it is in the graph.

    .venv/bin/python -m benchmarks.ingestion.real_feeds --feeds FOLDER

Serves every file of the folder on loopback, posts one source for each, and samples how far
documents, extraction and the graph have come, and which process spent the CPU.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import matplotlib as mpl
import psutil
import psycopg
from tests.child_instance import Instance

from benchmarks.cpu import cpu_by_part
from benchmarks.machine import described
from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres

PATIENCE_SECONDS = 600
SAMPLE_SECONDS = 0.5
STATE = """
SELECT (SELECT count(*) FROM source_states WHERE status <> 'pending'),
       (SELECT count(*) FROM documents),
       (SELECT count(*) FROM jobs WHERE status = 'succeeded'),
       (SELECT count(*) FROM jobs WHERE status IN ('queued', 'leased')),
       (SELECT count(*) FROM entities),
       (SELECT count(*) FROM relationships),
       (SELECT count(*) FROM outbox o, outbox_cursors c
         WHERE c.destination = 'graph' AND (o.xid, o.id) > (c.xid, c.id)
           AND o.aggregate IN ('entities', 'relationships'))
"""
NAMES = ("polled", "documents", "extracted", "waiting", "entities", "relationships", "behind")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its parent's word
        """Keep the terminal clear."""


def main() -> None:
    """Measure and write docs/benchmarks/real-feeds.{md,png}."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feeds", type=Path, required=True)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    files = sorted(path.name for path in options.feeds.iterdir() if path.is_file())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(options.feeds)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    feeds_port = server.server_address[1]
    samples: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user passes through
        home = Home(Path(folder) / "database")
        home.prepare()
        postgres = Postgres(home)
        database_url = postgres.start(print)["DATABASE_URL"]
        settings = {
            "DATABASE_URL": database_url,
            "GROUNDWORK_FETCH_ALLOW": f"127.0.0.1:{feeds_port}",
        }
        try:
            with (
                Instance(Path(folder) / "home", settings) as up,
                up.client() as client,
                psycopg.connect(database_url, autocommit=True) as watch,
            ):
                settings = {"min_delay_ms": 0, "max_in_flight": 20}
                client.patch("/api/v1/hosts/127.0.0.1", json=settings).raise_for_status()
                root = psutil.Process(up.process.pid)
                before = cpu_by_part(root)
                postgres_before = _cpu(postgres)
                started = time.perf_counter()
                poster = threading.Thread(target=post, args=(client, feeds_port, files))
                poster.start()
                while time.perf_counter() - started < PATIENCE_SECONDS:
                    row = watch.execute(STATE).fetchone()
                    assert row is not None
                    samples.append((time.perf_counter() - started, *row))
                    state = dict(zip(NAMES, row, strict=True))
                    if (
                        not poster.is_alive()
                        and state["polled"] == len(files)
                        and not state["waiting"]
                        and not state["behind"]
                    ):
                        break
                    time.sleep(SAMPLE_SECONDS)
                seconds = time.perf_counter() - started
                after = cpu_by_part(root)
                spent = {name: after[name] - before.get(name, 0.0) for name in after}
                spent["PostgreSQL"] = _cpu(postgres) - postgres_before
        finally:
            postgres.stop()
            server.shutdown()
    report(options.out, len(files), seconds, samples, spent)


def post(client: object, port: int, files: list[str]) -> None:
    """Create a source for every file."""
    for name in files:
        answer = client.post(  # type: ignore[attr-defined]
            "/api/v1/sources",
            json={
                "name": name,
                "url": f"http://127.0.0.1:{port}/{name}",
                "kind": "feed",
                "schedule": {"kind": "interval", "every_seconds": 3600},
            },
        )
        answer.raise_for_status()


def _cpu(postgres: Postgres) -> float:
    total = 0.0
    for pid in postgres.pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        # The server's own count has in it what its ended workers spent.
        total += times.user + times.system + times.children_user + times.children_system
    return total


def report(
    folder: Path,
    feeds: int,
    seconds: float,
    samples: list[tuple[float, ...]],
    spent: dict[str, float],
) -> None:
    """Write the table and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    last = dict(zip(NAMES, samples[-1][1:], strict=True))
    lines = [
        "# From the first POST of a source to the graph",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.ingestion.real_feeds` on: "
        f"{described()}.",
        "",
        f"{feeds} real feeds served on loopback. **{seconds:.1f} s** from the first POST until all "
        f"{last['documents']} documents were stored, extracted ({last['entities']} entities, "
        f"{last['relationships']} relationships) and in the graph.",
        "",
        "![how far each step was](real-feeds.png)",
        "",
        "| where the CPU went | seconds |",
        "|---|---|",
        *(
            f"| {name} | {value:.1f} |"
            for name, value in sorted(spent.items(), key=lambda item: -item[1])
            if value >= 0.05
        ),
    ]
    (folder / "real-feeds.md").write_text("\n".join(lines) + "\n")
    (folder / "real-feeds.json").write_text(json.dumps({"seconds": seconds, "cpu": spent}) + "\n")
    print("\n".join(lines))
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, axis = plt.subplots(figsize=(9, 4.5))
    times = [sample[0] for sample in samples]
    for name in ("documents", "extracted", "behind"):
        place = 1 + NAMES.index(name)
        label = {"behind": "changes not yet in the graph"}.get(name, name)
        axis.plot(times, [sample[place] for sample in samples], label=label)
    axis.set_xlabel("seconds since the first POST")
    axis.legend()
    figure.tight_layout()
    figure.savefig(folder / "real-feeds.png", dpi=90)


if __name__ == "__main__":
    main()
