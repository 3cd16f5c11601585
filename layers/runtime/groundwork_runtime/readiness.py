"""Check the dependencies in parallel, for at most a second.

Every request needs Postgres. Without the queues or the graph, writes are accepted and delivered
later, so these only make the service degraded (docs/decisions/0008-readiness.md).
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
"""Magic number of the Bolt handshake, then the versions that we support."""
PORTS = {"http": 80, "https": 443}

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Dependency:
    """The result of the check of one dependency."""

    name: str
    state: Literal["ok", "down"]
    needed: bool
    milliseconds: int
    detail: str = ""


def check_all(settings: Settings, database: Callable[[], Database]) -> list[Dependency]:
    """Check all configured dependencies."""
    checks: list[tuple[str, bool, Check]] = [("postgres", True, lambda: _postgres(database()))]
    queues = settings.relay_queue_url or settings.aws_endpoint_url
    if queues:
        checks.append(("queues", False, lambda: _reach(queues)))
    if settings.neo4j_uri:
        checks.append(("graph", False, lambda: _bolt(settings.neo4j_uri)))
    running = [_RunningCheck(*check) for check in checks]
    for check in running:
        check.start()
    deadline = time.monotonic() + CHECK_SECONDS
    return [check.result(deadline) for check in running]


def emit_metrics(found: list[Dependency]) -> None:
    """Emit `dependency_ready` for each dependency: 1 if it works, 0 if it is down."""
    for dependency in found:
        metrics.emit(
            "dependency_ready", int(dependency.state == "ok"), "None", dependency=dependency.name
        )


def readiness_response(found: list[Dependency]) -> HttpResponse:
    """Return 200 if all needed dependencies work, else a problem with status 503."""
    dependencies = {
        dependency.name: {
            "state": dependency.state,
            "needed": dependency.needed,
            "milliseconds": dependency.milliseconds,
            **({"detail": dependency.detail} if dependency.detail else {}),
        }
        for dependency in found
    }
    down = [dependency for dependency in found if dependency.state == "down"]
    if any(dependency.needed for dependency in down):
        names = ", ".join(dependency.name for dependency in down)
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
    """A check in its own thread, so that a dependency that hangs does not delay the others."""

    def __init__(self, name: str, needed: bool, check: Check) -> None:  # noqa: FBT001 - data, not a switch
        self._name = name
        self._needed = needed
        self._check = check
        self._thread = Thread(target=self._run, daemon=True, name=f"check-{name}")
        self._took: float | None = None
        self._fault: str | None = None

    def start(self) -> None:
        self._thread.start()

    def result(self, deadline: float) -> Dependency:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._took is None:
            waited = int(CHECK_SECONDS * 1000)
            return Dependency(self._name, "down", self._needed, waited, "timed out")
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
    """Query on a new connection; the shared one belongs to the current request."""
    with closing(database):
        database.row("SELECT 1")


def _reach(url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 443)
    with socket.create_connection((parts.hostname or "", port), timeout=CHECK_SECONDS):
        pass


def _bolt(uri: str) -> None:
    """Do the Bolt handshake; with TLS, only connect."""
    parts = urlsplit(uri)
    address = (parts.hostname or "", parts.port or BOLT_PORT)
    with socket.create_connection(address, timeout=CHECK_SECONDS) as connection:
        if "+s" in parts.scheme:
            return
        connection.sendall(BOLT_HELLO)
        if not any(connection.recv(4)):
            message = "the graph supports none of our versions of Bolt"
            raise ConnectionError(message)
