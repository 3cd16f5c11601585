"""The relay of a real instance, from Postgres to Neo4j: its lag, and its throughput.

    .venv/bin/python -m benchmarks.relay [--parts throughput,lag,quiet] [--out docs/benchmarks]

What each part does: docs/benchmarks/relay.md. Parts that are not asked for keep their last figures.
The backlog comes first, so that the others find a graph of some size: in a young one Neo4j plans
its thirty statements again and again, for half a second each beside other work.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.child_instance import Instance

from benchmarks.relay.backlog import throughput
from benchmarks.relay.lag import after_quiet, under_writes
from benchmarks.relay.report import write_report

Part = Callable[[Instance], object]


def main() -> None:
    """Measure the parts asked for and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parts", default="throughput,lag,quiet")
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--rows", type=int, default=210_000)
    arguments.add_argument("--quiet-writes", type=int, default=20)
    arguments.add_argument("--quiet-seconds", type=float, default=30.0)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    parts: Mapping[str, Part] = {
        "lag": partial(under_writes, seconds=options.seconds),
        "quiet": partial(after_quiet, writes=options.quiet_writes, seconds=options.quiet_seconds),
        "throughput": partial(throughput, rows=options.rows),
    }
    path = options.out / "relay.json"
    found: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user passes through
        with Instance(folder / "home") as instance:
            for part in options.parts.split(","):
                found[part] = parts[part](instance)
    write_report(found, options.out)


if __name__ == "__main__":
    main()
