"""Structured logs: one JSON object per line on stdout, for CloudWatch and ELK.

Fields are named as in the Elastic Common Schema, with dots as ECS loggers write them; `function`,
`request_id` and other fields are our own.

Powertools' logger is not used, because importing it takes longer than this whole module and the
output is the same (docs/decisions).
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fields: ContextVar[dict[str, object]] = ContextVar("log_fields", default={})  # noqa: B039 - never mutated

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def fields(**values: object) -> Iterator[None]:
    """Add fields (request_id, trace_id, …) to every line logged inside the block."""
    token = _fields.set({**_fields.get(), **values})
    try:
        yield
    finally:
        _fields.reset(token)


ECS_VERSION = "8.17"
SERVICE = "groundwork"
_ECS = {"trace_id": "trace.id"}


def trace_id(header: str) -> str | None:
    """Return the trace id of X-Ray's header, or None."""
    root = next((part for part in header.split(";") if part.startswith("Root=")), "")
    return root.removeprefix("Root=") or None


class JsonFormatter(logging.Formatter):
    """Formats a record with its `extra` and the fields of the enclosing block."""

    def __init__(self, function: str) -> None:
        """`function` is added to every line."""
        super().__init__()
        self._function = function

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON."""
        line: dict[str, object] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "log.logger": record.name,
            "ecs.version": ECS_VERSION,
            "service.name": SERVICE,
            "function": self._function,
            **{_ECS.get(name, name): value for name, value in _fields.get().items()},
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            line["error.type"] = record.exc_info[0].__name__
            line["error.stack_trace"] = "\n".join(_stack(record.exc_info[1]))
        return json.dumps(line, default=str, ensure_ascii=False)


def _stack(error: BaseException | None) -> Iterator[str]:
    """Yield the stack and the message of an error and its causes, the first cause first."""
    if error is None:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from _stack(before)
    frames = "".join(traceback.format_tb(error.__traceback__))
    yield f"{frames}{type(error).__qualname__}: {without_values(error)}"


def without_values(error: BaseException) -> str:
    """Return the message of an error, unless it may contain input values.

    Messages of Postgres contain rows; those of Python's decoders and of Pydantic contain their
    input, which may be addresses, passwords or tokens.
    """
    state = getattr(error, "sqlstate", None)
    if state:
        # psycopg's errors, recognized by their attributes so that it is not imported here.
        constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
        return f"SQLSTATE {state}" + (f", {constraint}" if constraint else "")
    if isinstance(error, ValueError | LookupError):
        return "(message omitted: it may contain input)"
    return str(error)


def configure(function: str, level: str) -> None:
    """Send every log line of this process to stdout as JSON. Safe to call twice."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(function))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("botocore", "boto3", "urllib3", "neo4j"):
        logging.getLogger(noisy).setLevel("WARNING")
