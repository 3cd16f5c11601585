"""Poll thousands of sources whose hosts are made up but for their names.

    .venv/bin/python -m benchmarks.ingestion --cycle --peer [--steady 30] [--day]
        [--sources 5000] [--addresses FILE] [--out docs/benchmarks]

What is done: docs/benchmarks/ingestion.md, which this writes. Each part that is run replaces its
numbers in ingestion.json; the others are kept.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ingestion.addresses import listed
from benchmarks.ingestion.cycle import cycle
from benchmarks.ingestion.day import day
from benchmarks.ingestion.peer import peer
from benchmarks.ingestion.report import write_report
from benchmarks.ingestion.running import polling
from benchmarks.ingestion.steady import steady
from benchmarks.machine import described

PATIENCE_MINUTES = 60.0
"""For a cycle, until its documents are in the graph."""


def main() -> None:
    """Measure what was asked for and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cycle", action="store_true", help="poll each source once")
    arguments.add_argument("--peer", action="store_true", help="the same by a plain program")
    arguments.add_argument("--steady", type=float, default=0.0, metavar="MINUTES")
    arguments.add_argument("--day", action="store_true", help="simulate a day of 20,000 sources")
    arguments.add_argument("--patience", type=float, default=PATIENCE_MINUTES, metavar="MINUTES")
    arguments.add_argument("--sources", type=int, default=5_000)
    arguments.add_argument("--addresses", type=Path, help="one address of a feed a line")
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    addresses = listed(options.sources, options.addresses)
    found: dict[str, Any] = {}
    if options.cycle or options.peer or options.steady:
        with polling(addresses) as run:
            found["cycle"] = _dated(cycle(run, options.patience * 60))
            if options.peer:
                found["peer"] = _dated(peer(run))
            if options.steady:
                print(f"steady state of {options.steady:g} minutes", flush=True)
                found["steady"] = _dated(steady(run, options.steady))
    if options.day:
        found["day"] = _dated(day())
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "ingestion.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(kept | found) + "\n")
    write_report(kept | found, options.out)


def _dated(part: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a part with the day, the machine and its load at their end."""
    measured = {
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": described(),
        "load": round(psutil.getloadavg()[2], 1),
    }
    return {**part, "measured": measured}


if __name__ == "__main__":
    main()
