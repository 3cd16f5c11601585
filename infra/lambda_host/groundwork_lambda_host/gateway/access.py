"""The access log: one JSON line for each HTTP response, if enabled."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

import orjson

from groundwork_lambda_host.gateway.responses import HttpResponse


class AccessLog:
    """Writes the access log without query strings, which may hold tickets and searches."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink

    def write(self, method: str, path: str, response: HttpResponse, began: float) -> None:
        """Write the line of one response; `began` is the `perf_counter` of the request's start."""
        request_id = next(
            (value for name, value in response.headers if name == b"x-request-id"), b""
        )
        line = {
            "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "log.level": "info",
            "message": f"{method} {path} {response.status}",
            "status": response.status,
            "milliseconds": round((perf_counter() - began) * 1000, 2),
            "bytes": len(response.body),
            "request_id": request_id.decode("latin-1"),
        }
        self._sink(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
