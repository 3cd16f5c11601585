"""Show the progress of several concurrent tasks on standard error."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from groundwork_command.services.service import OnProgress, OnStatus

BAR_CHARACTERS = 24


@contextmanager
def progress() -> Iterator[OnStatus]:
    """Yield a status function: it updates a table on a terminal, or prints plain lines."""
    if sys.stderr.isatty():
        with _live_table() as report:
            yield report
    else:
        yield _plain()


def show_progress(report: OnStatus) -> OnProgress:
    """Return a progress function that shows a bar as the status of its task."""

    def on_progress(what: str, done: int, of: int) -> None:
        report(what, f"{'done' if done >= of else 'so far'}: {_bar(done, of)}")

    return on_progress


def _bar(done: int, of: int) -> str:
    share = min(done / of, 1.0) if of else 1.0
    full = int(share * BAR_CHARACTERS)
    return f"{'━' * full}{'╌' * (BAR_CHARACTERS - full)} {share:4.0%}  {done:,} of {of:,}"


def _plain() -> OnStatus:
    last: dict[str, str] = {}

    def report(name: str, line: str) -> None:
        kind = line.split(":", maxsplit=1)[0]  # print a running count once, not at every step
        if last.get(name) != kind:
            print(f"{name}: {line}", file=sys.stderr, flush=True)
        last[name] = kind

    return report


@contextmanager
def _live_table() -> Iterator[OnStatus]:
    from rich.console import Console  # takes 0.1 s; needed only on a terminal
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
