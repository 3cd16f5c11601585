"""Format JSON log lines for a terminal: time, function, message, most important fields."""

from __future__ import annotations

import json
from datetime import datetime

MAX_FIELDS = 3
MAX_VALUE = 60
LONGEST_LINE = 8_192
_TIME = ("@timestamp", "timestamp")
_LEVEL = ("log.level", "level")
_STACK = ("error.stack_trace", "stack", "stackTrace")
_NOT_SHOWN = frozenset(
    {
        *_TIME, *_LEVEL, *_STACK, "message", "function", "log.logger", "logger", "ecs.version",
        "service.name", "trace.id", "trace_id", "error.type", "error", "errorType",
    }
)  # fmt: skip
_FIRST = ("detail", "outcome", "status", "milliseconds", "source_id", "job_id", "document_id")
"""Fields that are shown first, in this order; `request_id` is shown last."""


def readable(line: bytes) -> bytes:
    """Return a JSON log line as readable text; a line that is not JSON is unchanged."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict):
        return line
    level = str(_of(fields, _LEVEL) or "INFO").upper()
    parts = [
        _time(_of(fields, _TIME)),
        f"{fields.get('function') or 'host'!s:<18}",
        *([] if level == "INFO" else [level]),
        _plain(fields.get("message"), LONGEST_LINE),
        *(f"{name}={_plain(fields[name], MAX_VALUE)}" for name in _most_important(fields)),
    ]
    text = " ".join(part for part in parts if part)
    stack = _of(fields, _STACK)
    if stack:
        lines = "".join(stack) if isinstance(stack, list) else str(stack)
        text += "".join(f"\n    {row}" for row in lines.rstrip().splitlines())
    return (_safe(text) + "\n").encode("utf-8", "replace")


def _of(fields: dict[str, object], names: tuple[str, ...]) -> object:
    return next((fields[name] for name in names if fields.get(name)), None)


def _time(stated: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(stated)).astimezone():%H:%M:%S}"
    except ValueError:
        return "--:--:--"


def _most_important(fields: dict[str, object]) -> list[str]:
    rest = [name for name in fields if name not in _NOT_SHOWN and fields[name] not in (None, "")]
    first = [name for name in _FIRST if name in rest]
    others = [name for name in rest if name not in first and name != "request_id"]
    last = [name for name in ("request_id",) if name in rest]
    return [*first, *others, *last][:MAX_FIELDS]


def _plain(value: object, most: int) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _safe(text: str) -> str:
    """Remove control characters: log text from outside must not control the terminal."""
    return "".join(c for c in text if c == "\n" or c.isprintable())
