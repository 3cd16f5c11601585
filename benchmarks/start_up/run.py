"""Start-up time of `groundwork up`, from nothing and from warm caches, and its memory when idle.

    .venv/bin/python -m benchmarks.start_up.run [--cold]

`--cold` measures `make up` of a fresh clone: environment, packages and jars are fetched again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from tests.child_instance import READY, Instance, free_port

from benchmarks.machine import described

IDLE_SECONDS = 10


def proportional_mb(root: psutil.Process) -> tuple[dict[str, float], float, float]:
    """Memory by program (proportional, so that shared pages count once), and both totals."""
    by_name: dict[str, float] = {}
    resident = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            memory = process.memory_full_info()
            command = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        name = next(
            (
                label
                for word, label in (
                    ("neo4j", "Neo4j"),
                    ("ministack", "queue emulator"),
                    ("environments/bootstrap", "execution environments"),
                    ("postgres", "PostgreSQL"),
                )
                if word in command
            ),
            "host",
        )
        by_name[name] = by_name.get(name, 0.0) + memory.pss / 2**20
        resident += memory.rss / 2**20
    return by_name, sum(by_name.values()), resident


def cold(clone: Path) -> float:
    """`make up` in a fresh clone with empty caches, until its ready line."""
    subprocess.run(["git", "clone", "--quiet", ".", str(clone)], check=True)
    nowhere = clone.parent / "empty"
    environment = {
        **os.environ,
        "GROUNDWORK_PORT": str(free_port()),
        "UV_CACHE_DIR": str(nowhere / "uv"),
        "PIP_CACHE_DIR": str(nowhere / "pip"),
        "HOME": str(nowhere / "home"),
    }
    (nowhere / "home").mkdir(parents=True)
    started = time.perf_counter()
    process = subprocess.Popen(
        ["make", "up"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        print("   ", line, end="", flush=True)
        if line.startswith(READY):
            break
    seconds = time.perf_counter() - started
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=60)
    return seconds


def main() -> None:
    """Measure and write docs/benchmarks/start-up.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cold", action="store_true")
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="groundwork-start-"))
    folder.chmod(0o755)
    rows: list[tuple[str, str]] = []
    try:
        if options.cold:
            rows.append(
                ("`make up` in a fresh clone, nothing cached", f"{cold(folder / 'clone'):.0f} s")
            )
        home = folder / "home"
        with Instance(home) as first:
            rows.append(("`groundwork up`, new state folder", f"{first.ready_after_seconds:.1f} s"))
        warm = []
        for _ in range(3):
            with Instance(home, password=first.password) as again:
                warm.append(again.ready_after_seconds)
                if len(warm) == 3:
                    time.sleep(IDLE_SECONDS)
                    parts, proportional, resident = proportional_mb(
                        psutil.Process(again.process.pid)
                    )
        rows.append(("`groundwork up`, warm (median of 3)", f"{sorted(warm)[1]:.1f} s"))
        rows.append(("all idle, resident (shared pages counted once)", f"{proportional:.0f} MB"))
        rows.append(("all idle, sum of resident sets", f"{resident:.0f} MB"))
        rows += [(f"… {name}", f"{size:.0f} MB") for name, size in sorted(parts.items())]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Start and idle memory",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.start_up.run --cold`"
        f" on: {described()}.",
        "",
        "| what | measured |",
        "|---|---|",
        *(f"| {what} | {value} |" for what, value in rows),
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "start-up.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
