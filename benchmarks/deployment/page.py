"""The page of deployment: each measurement writes its own section and leaves the others alone."""

import re
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.machine import described

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "deployment.md"


def replaced(page: str, title: str, text: str) -> str:
    """Return a page whose section `## title` has this text; a new one is added at the end."""
    section = f"## {title}\n{text.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(page):
        return pattern.sub(lambda _: f"{section}\n", page).rstrip() + "\n"
    return f"{page.rstrip()}\n\n{section}"


def write_section(title: str, text: str, page: Path = PAGE) -> None:
    """Write a section with the date, the machine and its load."""
    load = psutil.getloadavg()[0]
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    where = f"Measured {when} on {described()}; load average {load:.1f} in the last minute."
    page.write_text(replaced(page.read_text(), title, f"{text.strip()}\n\n{where}"))
