"""A folder like the project's, whose function Fetch resolves every host name to loopback."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HANDLER = "groundwork_functions.fetch.handler.handler"
MODULE = f'''\
"""The fetcher as it is, with another resolver."""

import sys

sys.path.append({str(PROJECT)!r})

from benchmarks.ingestion.loopback_names import resolve_to_loopback

resolve_to_loopback()

from {HANDLER.rpartition(".")[0]} import handler  # noqa: F401
'''


def make_root(folder: Path) -> Path:
    """Make the folder, for `GROUNDWORK_ROOT`; everything but Fetch is a link to the project."""
    root = folder / "project"
    functions = root / "functions"
    functions.mkdir(parents=True)
    for path in PROJECT.iterdir():
        if path.name not in ("functions", "template.yaml") and not path.name.startswith("."):
            (root / path.name).symlink_to(path)
    for path in (PROJECT / "functions").iterdir():
        (functions / path.name).symlink_to(path)
    (functions / "mapped_fetch.py").write_text(MODULE)
    template = (PROJECT / "template.yaml").read_text()
    assert template.count(f"Handler: {HANDLER}\n") == 1
    mapped = "Handler: mapped_fetch.handler\n      FunctionName: fetch\n"
    changed = template.replace(f"Handler: {HANDLER}\n", mapped)
    (root / "template.yaml").write_text(changed)
    return root
