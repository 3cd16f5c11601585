"""Log lines on a terminal, and which form they have where."""

import io
import json
import logging
import sys
from pathlib import Path

import pytest

from groundwork_command.commands import up
from groundwork_command.instance.settings import LogFormat
from groundwork_command.services.home import Home
from groundwork_command.terminal.lines import readable
from groundwork_runtime import logs

LINE = {
    "@timestamp": "2026-03-01T12:00:00.000+00:00",
    "log.level": "info",
    "message": "polled",
    "log.logger": "groundwork_core.sources.fetch_sources",
    "ecs.version": "8.17",
    "service.name": "groundwork",
    "function": "fetch",
    "new": 3,
    "outcome": "ok",
    "source_id": "s1",
    "request_id": "r1",
}


def shown(**more: object) -> str:
    return readable(json.dumps({**LINE, **more}).encode() + b"\n").decode()


def test_a_line_has_time_function_message_and_three_fields() -> None:
    time, function, rest = shown().split(maxsplit=2)
    assert len(time) == len("12:00:00")
    assert (function, rest) == ("fetch", "polled outcome=ok source_id=s1 new=3\n")


def test_a_level_is_shown_when_it_is_not_the_usual_one() -> None:
    assert " WARNING polled" in shown(**{"log.level": "warning"})
    assert "INFO" not in shown()


def test_a_stack_follows_its_line() -> None:
    text = shown(**{"error.stack_trace": "File x\n  y\nBoom: z", "error.type": "Boom"})
    assert text.endswith("\n    File x\n      y\n    Boom: z\n")


def test_a_long_value_is_cut_and_what_steers_a_terminal_is_taken_out() -> None:
    text = shown(detail="x" * 500, message="a\x1b[31mb\nc")
    assert "detail=" + "x" * 59 + "…" in text
    assert "a[31mb c" in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("line", [b"plain\n", b"[1]\n", b"\xff\n", b"{\n"])
def test_a_line_that_is_not_a_log_line_is_unchanged(line: bytes) -> None:
    assert readable(line) == line


def test_a_line_of_our_own_formatter_is_readable_and_has_the_names_of_ecs() -> None:
    record = logging.LogRecord("x.y", logging.WARNING, __file__, 1, "hello", None, None)
    record.source_id = "s1"
    with logs.fields(request_id="r1", trace_id="t1"):
        line = logs.JsonFormatter("fetch").format(record)
    written = json.loads(line)
    assert {"@timestamp", "log.level", "log.logger", "message", "ecs.version"} <= written.keys()
    assert (written["log.level"], written["trace.id"]) == ("warning", "t1")
    assert "WARNING hello source_id=s1 request_id=r1" in readable(line.encode()).decode()


class Screen(io.TextIOWrapper):
    """Standard output that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes)

    def isatty(self) -> bool:
        return self.terminal


CASES: list[tuple[LogFormat, bool, bool]] = [
    ("auto", True, True),
    ("auto", False, False),
    ("json", True, False),
    ("text", False, True),
    ("text", True, True),
    ("json", False, False),
]


@pytest.mark.parametrize(("log_format", "terminal", "as_text"), CASES)
def test_a_terminal_gets_text_and_anything_else_json_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    log_format: LogFormat,
    terminal: bool,  # noqa: FBT001 - a case of the table
    as_text: bool,  # noqa: FBT001 - as above
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    screen = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    line = json.dumps(LINE).encode() + b"\n"
    with up._function_log(home, log_format) as sink:
        if sink is None:  # the host writes to its output by itself, as it is
            assert not as_text
            assert not terminal
            return
        sink(line)
    assert (screen.bytes.getvalue() == readable(line)) == as_text
    assert (screen.bytes.getvalue() == line) != as_text
    if terminal:
        assert (home.logs / "functions.log").read_bytes() == line
