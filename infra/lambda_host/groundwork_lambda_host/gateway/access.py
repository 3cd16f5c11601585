"""The access log: one JSON line for each HTTP answer, where it is switched on."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

import orjson

from groundwork_lambda_host.gateway.answers import HttpResponse


class AccessLog:
    """Writes lines to a sink. Query strings stay out: they may hold tickets and searches."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink

    def write(self, method: str, path: str, answer: HttpResponse, began: float) -> None:
        """One answer; `began` is the request's `perf_counter`."""
        request_id = next((value for name, value in answer.headers if name == b"x-request-id"), b"")
        line = {
            "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "log.level": "info",
            "message": f"{method} {path} {answer.status}",
            "status": answer.status,
            "milliseconds": round((perf_counter() - began) * 1000, 2),
            "bytes": len(answer.body),
            "request_id": request_id.decode("latin-1"),
        }
        self._sink(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
