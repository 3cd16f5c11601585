"""Process the standard output of environments: log lines and metrics."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

MAX_LINE_BYTES = 256 * 1024  # CloudWatch's limit for one log event
_MARK = b"\x1e"
_METRIC = b'"_aws"'

Sink = Callable[[bytes], object]


def to_stdout(line: bytes) -> None:
    """Write a line to the host's standard output."""
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


class Output:
    """Splits the output of one environment into lines that name their function and request.

    JSON lines get the fields `function` and `request_id` if these are missing; other text becomes
    the message of a JSON line. Metric lines (EMF) go to `metrics` instead.

    Args:
        function: Name of the function.
        sink: Called with each complete line, including its line end.
        metrics: Called with each metric line.
    """

    def __init__(self, function: str, sink: Sink, metrics: Sink) -> None:
        self._function = function
        self._sink = sink
        self._metrics = metrics
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Process bytes from the pipe."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest
        if len(rest) > MAX_LINE_BYTES:
            lines.append(rest[:MAX_LINE_BYTES])
            self._rest = b""
        for line in lines:
            if line:
                self._pass(line)

    def close(self) -> None:
        """Process the last, unfinished line when the process has ended."""
        if self._rest:
            self.feed(b"\n")

    def _pass(self, line: bytes) -> None:
        request_id = ""
        if line.startswith(_MARK):
            _, marked, line = line.split(_MARK, 2)
            request_id = marked.decode("ascii", "replace")
        if not line:
            return
        if not (line.startswith(b"{") and line.endswith(b"}")):
            self._sink(self._wrapped(line, request_id))
        elif _METRIC in line:
            self._metrics(line)
        else:
            self._sink(self._completed(line, request_id))

    def _completed(self, line: bytes, request_id: str) -> bytes:
        added = b""
        if b'"function"' not in line:
            added += b'"function":' + orjson.dumps(self._function) + b","
        if request_id and b'"request_id"' not in line:
            added += b'"request_id":' + orjson.dumps(request_id) + b","
        if line.strip(b"{} \t") == b"":
            added = added.removesuffix(b",")
        return b"{" + added + line[1:] + b"\n"

    def _wrapped(self, line: bytes, request_id: str) -> bytes:
        return orjson.dumps(
            {
                "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "log.level": "info",
                "message": line.decode("utf-8", "replace").rstrip("\r"),
                "function": self._function,
                **({"request_id": request_id} if request_id else {}),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
