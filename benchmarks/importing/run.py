"""Measure the import of a list of sources, in bulk and one by one.

    .venv/bin/python -m benchmarks.importing.run

Each size is one OPML file, sent to a whole instance whose other functions go on working: they begin
to fetch the new sources meanwhile. The names of the hosts do not exist.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.child_instance import Instance

from benchmarks.machine import described
from groundwork_core.sources.opml import Feed, write_opml

if TYPE_CHECKING:
    import httpx2

SIZES = (500, 5_000)
ONE_BY_ONE = 500
AT_ONCE = 4
OPML = {"Content-Type": "text/x-opml"}


def feeds(size: int, word: str) -> list[Feed]:
    """Make a list whose addresses are in no other list."""
    return [
        Feed(f"Source {n} of {word}", f"https://{word}{n}.invalid/feed.xml", ("bench", word))
        for n in range(size)
    ]


def in_bulk(client: httpx2.Client, size: int) -> tuple[float, float, int]:
    """Import a list and import it again; return both times and the size of the file."""
    body = write_opml("Benchmark", feeds(size, f"bulk{size}x")).encode()
    seconds = []
    for created in (size, 0):
        began = time.perf_counter()
        answer = client.post("/api/v1/sources/import", content=body, headers=OPML, timeout=120)
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
        assert answer.json()["created"] == created
        print(size, f"{seconds[-1]:.2f} s", flush=True)
    return seconds[0], seconds[1], len(body)


def one_by_one(client: httpx2.Client, size: int) -> float:
    """Create each source by a request of its own, four at a time."""

    def create(feed: Feed) -> int:
        body = {"name": feed.name, "url": feed.url, "tags": list(feed.tags)}
        return client.post("/api/v1/sources", json=body, timeout=120).status_code

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(create, feeds(size, "single"))) == {201}
    return time.perf_counter() - began


def main() -> None:
    """Measure and write docs/benchmarks/import.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="groundwork-import-"))
    folder.chmod(0o755)
    load = os.getloadavg()[0]
    try:
        with Instance(folder / "home", {"GROUNDWORK_RATE_LIMIT": "0"}) as up, up.client() as client:
            in_bulk(client, 10)
            rows = [(size, *in_bulk(client, size)) for size in SIZES]
            single = one_by_one(client, ONE_BY_ONE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Importing lists of sources",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.importing.run` on: "
        f"{described()}; load before it began: {load:.1f}.",
        "",
        "One `POST /api/v1/sources/import` of an OPML file, on a whole instance that begins to "
        "fetch the new sources meanwhile.",
        "",
        "| feeds | file | imported in | feeds a second | the same file again |",
        "|---:|---:|---:|---:|---:|",
        *(
            f"| {size:,} | {bytes_ / 1e6:.1f} MB | {first:.2f} s | {size / first:,.0f}"
            f" | {again:.2f} s |"
            for size, first, again, bytes_ in rows
        ),
        "",
        f"One by one, {AT_ONCE} requests at a time, {ONE_BY_ONE:,} sources took {single:.1f} s: "
        f"{ONE_BY_ONE / single:,.0f} a second, so 5,000 would take "
        f"{5_000 * single / ONE_BY_ONE:.0f} s.",
        "",
    ]
    (options.out / "import.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
