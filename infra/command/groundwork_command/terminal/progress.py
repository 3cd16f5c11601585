"""Shows on stderr what several things that start at once are doing."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from groundwork_command.services.supervisor import Report

BAR_CHARACTERS = 24

Counting = Callable[[str, int, int], None]
"""Takes what is being done, how many are done, of how many."""


@contextmanager
def progress() -> Iterator[Report]:
    """Give a report function: a live table on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        with _live_table() as report:
            yield report
    else:
        yield _plain()


def counting(report: Report) -> Counting:
    """Show how far something is as a bar."""

    def told(what: str, done: int, of: int) -> None:
        report(what, f"{'done' if done >= of else 'so far'}: {_bar(done, of)}")

    return told


def _bar(done: int, of: int) -> str:
    share = min(done / of, 1.0) if of else 1.0
    full = int(share * BAR_CHARACTERS)
    return f"{'━' * full}{'╌' * (BAR_CHARACTERS - full)} {share:4.0%}  {done:,} of {of:,}"


def _plain() -> Report:
    last: dict[str, str] = {}

    def report(name: str, line: str) -> None:
        kind = line.split(":", maxsplit=1)[0]  # a count that goes up is one line, not two hundred
        if last.get(name) != kind:
            print(f"{name}: {line}", file=sys.stderr, flush=True)
        last[name] = kind

    return report


@contextmanager
def _live_table() -> Iterator[Report]:
    from rich.console import Console  # 0.1 s that only a terminal pays
    from rich.live import Live
    from rich.table import Table

    lines: dict[str, str] = {}
    lock = threading.Lock()

    def table() -> Table:
        grid = Table.grid(padding=(0, 2))
        for name, line in lines.items():
            mark = "[green]✓[/]" if line.startswith(("ready", "done")) else "[yellow]…[/]"
            grid.add_row(mark, name, line)
        return grid

    with Live(table(), console=Console(stderr=True), refresh_per_second=8) as live:

        def report(name: str, line: str) -> None:
            with lock:
                lines[name] = line
                live.update(table())

        yield report
