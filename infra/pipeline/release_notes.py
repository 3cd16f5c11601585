"""Print the section of CHANGELOG.md of one release, as its notes.

    .venv/bin/python infra/pipeline/release_notes.py v0.2.0

A version without a section fails: the section is written before the tag. `Unreleased` prints what
the next release will say.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str:
    """Return the text below the heading of a version (`0.2.0` or `v0.2.0`).

    Raises:
        LookupError: there is no such heading, or nothing below it.
    """
    name = re.escape(version.removeprefix("v"))
    found = re.search(rf"^## \[?{name}\]?(?![\w.]).*\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    text = found[1].strip() if found else ""
    if not text:
        message = f"CHANGELOG.md says nothing about {version}"
        raise LookupError(message)
    return f"{text}\n"


def main() -> int:
    """Print the notes; return 1 if there are none."""
    try:
        sys.stdout.write(notes(CHANGELOG.read_text(), sys.argv[1]))
    except LookupError as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
