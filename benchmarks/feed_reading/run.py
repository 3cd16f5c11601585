"""The CPU that a document costs from its feed to its entities, here and in an older checkout.

    .venv/bin/python -m benchmarks.feed_reading.run [FOLDER] [--baseline CHECKOUT]

The folder, else GROUNDWORK_SAMPLE_DATA's `feeds`, holds one feed a file. Both checkouts run in
turn, several times, each time on an empty database of one PostgreSQL server.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.machine import described
from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres

HERE = Path(__file__).parents[2]
ROUNDS = 3
STEPS = {
    "read": "decode, parse, make harmless",
    "store": "store documents, ask for jobs",
    "extract": "extract statements",
    "apply": "apply entities and relationships",
    "postgres": "PostgreSQL, for all of these",
}
DATES = (
    "Thu, 05 Jan 2023 10:00:00 GMT",
    "2023-01-05T10:00:00+01:00",
    "Aug 15, 2019",
    "jeudi 5 janvier 2023 à 10h30",
    "no date at all",
)
DATE_ROUNDS = 3_000
Measured = Mapping[str, float]


def main() -> None:
    """Measure, and write docs/benchmarks/feed-reading.{md,json}."""
    sample = os.environ.get("GROUNDWORK_SAMPLE_DATA")
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, nargs="?", default=Path(sample or "") / "feeds")
    arguments.add_argument("--baseline", type=Path)
    arguments.add_argument("--out", type=Path, default=HERE / "docs/benchmarks")
    options = arguments.parse_args()
    if not options.folder.is_dir():
        print(f"Skipped: there is no folder of feeds at {options.folder}.")
        return
    checkouts = {"before": options.baseline, "now": HERE} if options.baseline else {"now": HERE}
    measured: dict[str, list[Measured]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as temporary:
        Path(temporary).chmod(0o755)  # PostgreSQL's own user passes through
        home = Home(Path(temporary) / "database")
        home.prepare()
        postgres = Postgres(home)
        url = postgres.start(print)["DATABASE_URL"]
        try:
            for number in range(ROUNDS):
                for name, checkout in checkouts.items():
                    measured[name].append(one_round(checkout, options.folder, url, number))
                    print(number, name, measured[name][-1])
        finally:
            postgres.stop()
    report(options.out, sum(path.is_file() for path in options.folder.iterdir()), measured)


def one_round(checkout: Path, folder: Path, server: str, number: int) -> Measured:
    """Measure one checkout once, in a process and on a database of its own."""
    name = f"feeds_{number}"
    folders = ["layers/core", "layers/data", "layers/runtime", "layers/client", "functions",
               "functions/reference_extractor"]  # fmt: skip
    paths = os.pathsep.join(str(checkout / one) for one in folders)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    measure = Path(__file__).with_name("measure.py")
    done = subprocess.run(
        [
            sys.executable,
            str(measure),
            str(folder.absolute()),
            server.rsplit("/", 1)[0] + "/" + name,
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: Measured = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    return found


def per_document(rounds: list[Measured], *steps: str) -> float:
    """Milliseconds of CPU a document: the median of the rounds."""
    return statistics.median(
        1_000 * sum(one[step] for step in steps) / one["documents"] for one in rounds
    )


def microseconds_a_date(text: str) -> float:
    """CPU of reading one date, the mean of many."""
    from groundwork_data.web.dates import moment  # noqa: PLC0415 - only where it is measured

    moment(text)
    started = time.process_time()
    for _ in range(DATE_ROUNDS):
        moment(text)
    return (time.process_time() - started) / DATE_ROUNDS * 1e6


def report(out: Path, feeds: int, measured: Mapping[str, list[Measured]]) -> None:
    """Write the tables."""
    names = list(measured)
    last = measured["now"][-1]
    lines = [
        "# From the bytes of a feed to entities",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.feed_reading.run` on: "
        f"{described()}.",
        "",
        f"{feeds} real feeds, {last['documents']:.0f} documents, {last['entities']:.0f} entities,"
        f" {last['relationships']:.0f} relationships; milliseconds of CPU a document, the median of"
        f" {ROUNDS} rounds in turn, each on an empty database.",
        "",
        "| step | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for step, words in STEPS.items():
        values = (f"{per_document(measured[name], step):.2f}" for name in names)
        lines.append(f"| {words} | {' | '.join(values)} |")
    totals = {name: per_document(rounds, *STEPS) for name, rounds in measured.items()}
    lines.append(
        "| **all** | " + " | ".join(f"**{total:.2f}**" for total in totals.values()) + " |"
    )
    if "before" in totals:
        ratio = totals["now"] / totals["before"]
        lines += ["", f"Now is {ratio:.2f} times before."]
    lines += ["", "| a date | microseconds of CPU |", "|---|---|"]
    lines += [f"| `{text}` | {microseconds_a_date(text):.0f} |" for text in DATES]
    out.mkdir(parents=True, exist_ok=True)
    (out / "feed-reading.md").write_text("\n".join(lines) + "\n")
    (out / "feed-reading.json").write_text(json.dumps(measured, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
