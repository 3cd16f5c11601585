"""How each dependency is: asked in parallel, for at most a second each.

Postgres is needed by every request. Without the queues or the graph writes go on and catch up
later, so those are reported and leave the service degraded (docs/decisions/0008-readiness.md).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from groundwork_core.errors import GroundworkError
from groundwork_runtime import metrics
from groundwork_runtime.http.response import HttpResponse

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database
    from groundwork_runtime.settings import Settings

CHECK_SECONDS = 1.0
BOLT_PORT = 7687
BOLT_HELLO = bytes.fromhex("6060b01700040405000000050000000400000000")
"""Bolt's magic, then the versions that we would speak."""
PORTS = {"http": 80, "https": 443}

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency as it was found."""

    name: str
    state: Literal["ok", "down"]
    needed: bool
    milliseconds: int
    detail: str = ""


def check_all(settings: Settings, database: Callable[[], Database]) -> list[Dependency]:
    """Ask all dependencies that are set."""
    checks: list[tuple[str, bool, Check]] = [("postgres", True, lambda: _postgres(database()))]
    queues = settings.relay_queue_url or settings.aws_endpoint_url
    if queues:
        checks.append(("queues", False, lambda: _reach(queues)))
    if settings.neo4j_uri:
        checks.append(("graph", False, lambda: _bolt(settings.neo4j_uri)))
    asked = [_RunningCheck(*check) for check in checks]
    for one in asked:
        one.start()
    deadline = time.monotonic() + CHECK_SECONDS
    return [one.found(deadline) for one in asked]


def emit_metrics(found: list[Dependency]) -> None:
    """Tell it as a metric: 1 for each that works, 0 for each that is down."""
    for one in found:
        metrics.emit("dependency_ready", int(one.state == "ok"), "None", dependency=one.name)


def readiness_response(found: list[Dependency]) -> HttpResponse:
    """Tell it: 200 when all that is needed works, else 503 as a problem."""
    dependencies = {
        one.name: {
            "state": one.state,
            "needed": one.needed,
            "milliseconds": one.milliseconds,
            **({"detail": one.detail} if one.detail else {}),
        }
        for one in found
    }
    down = [one for one in found if one.state == "down"]
    if any(one.needed for one in down):
        names = ", ".join(one.name for one in down)
        body = {
            "type": "/problems/unavailable",
            "title": "Service unavailable",
            "status": 503,
            "detail": f"Dependencies are down: {names}.",
            "instance": "/health/ready",
            "dependencies": dependencies,
        }
        return HttpResponse(503, json.dumps(body), "application/problem+json", {"Retry-After": "2"})
    status = "degraded" if down else "ok"
    return HttpResponse(200, json.dumps({"status": status, "dependencies": dependencies}))


class _RunningCheck:
    """One check in its own thread, so that a hanging dependency holds up nothing else."""

    def __init__(self, name: str, needed: bool, check: Check) -> None:  # noqa: FBT001 - a fact
        self._name = name
        self._needed = needed
        self._check = check
        self._thread = Thread(target=self._run, daemon=True, name=f"check-{name}")
        self._took: float | None = None
        self._fault: str | None = None

    def start(self) -> None:
        self._thread.start()

    def found(self, deadline: float) -> Dependency:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._took is None:
            waited = int(CHECK_SECONDS * 1000)
            return Dependency(self._name, "down", self._needed, waited, "no answer in time")
        milliseconds = round(self._took * 1000)
        if self._fault is not None:
            return Dependency(self._name, "down", self._needed, milliseconds, self._fault)
        return Dependency(self._name, "ok", self._needed, milliseconds)

    def _run(self) -> None:
        started = time.monotonic()
        try:
            self._check()
        except (GroundworkError, OSError) as error:
            self._fault = type(error).__name__
        self._took = time.monotonic() - started


def _postgres(database: Database) -> None:
    """Ask on a connection of its own: the held one belongs to the running event."""
    with closing(database):
        database.row("SELECT 1")


def _reach(url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 443)
    with socket.create_connection((parts.hostname or "", port), timeout=CHECK_SECONDS):
        pass


def _bolt(uri: str) -> None:
    """Shake hands as Bolt has it; over TLS only look whether somebody is there."""
    parts = urlsplit(uri)
    address = (parts.hostname or "", parts.port or BOLT_PORT)
    with socket.create_connection(address, timeout=CHECK_SECONDS) as connection:
        if "+s" in parts.scheme:
            return
        connection.sendall(BOLT_HELLO)
        if not any(connection.recv(4)):
            message = "the graph does not speak a version of Bolt that we do"
            raise ConnectionError(message)
