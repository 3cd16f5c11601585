"""Starts the embedded services side by side, watches them, and stops them in order."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from groundwork_command.services.emulator import Emulator
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_command.services.postgres import Postgres, buffers
from groundwork_command.services.process import Identity, stop_leftover
from groundwork_command.services.service import Service, ServiceError

logger = logging.getLogger("groundwork.services")

Report = Callable[[str, str], None]
"""Takes a service's name and one short line about what it does."""

WATCH_SECONDS = 0.5
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a service that ran this long starts again with the first backoff
LEFTOVER_SECONDS = 15.0
GIVEN_BY: Mapping[str, str] = {
    Postgres.name: "DATABASE_URL",
    Neo4j.name: "NEO4J_URI",
    Emulator.name: "AWS_ENDPOINT_URL",
}
"""The variable which, when set, says that a service runs elsewhere."""

STOP_SIGNALS: Mapping[str, signal.Signals] = {Postgres.name: signal.SIGINT}


def embedded(home: Home, environment: Mapping[str, str]) -> list[Service]:
    """The services that no address is given for."""
    neo4j = Neo4j(home, memory=Memory.from_environment(environment))
    every: list[Service] = [Postgres(home, buffers(environment)), neo4j, Emulator(home)]
    return [service for service in every if not environment.get(GIVEN_BY[service.name])]


@dataclass
class _Watched:
    service: Service
    started_at: float
    backoff_seconds: float = FIRST_BACKOFF_SECONDS
    next_try_at: float = 0.0
    restarts: int = 0


class Supervisor:
    """Owns the state folder and the services in it, from `start` to `stop`."""

    def __init__(
        self,
        home: Home,
        services: Sequence[Service],
        on_restart: Callable[[str], None] = lambda _name: None,
    ) -> None:
        """`on_restart` is told (in a thread of ours) of each service that runs again."""
        self._home = home
        self._services = list(services)
        self.on_restart = on_restart
        self._watched: dict[str, _Watched] = {}
        self._running: dict[str, Identity] = {}
        self._record_lock = threading.Lock()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._watcher: threading.Thread | None = None

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids by service."""
        return {service.name: service.pids for service in self._services}

    @property
    def restarts(self) -> dict[str, int]:
        """How often each service had to be started again."""
        return {name: watched.restarts for name, watched in self._watched.items()}

    def start(
        self, report: Report, meanwhile: Callable[[dict[str, str]], None] = lambda _addresses: None
    ) -> dict[str, str]:
        """Start everything; the answer holds the addresses as environment variables.

        `meanwhile` is called with the other addresses while the slowest service, Neo4j, is on its
        way up.

        Raises ServiceError (of the first that fails) with nothing left running.
        """
        self._home.prepare()
        self._home.acquire()
        try:
            with self._starting:
                self._clean_up(report)
                addresses = self._start_all(report, meanwhile)
        except BaseException:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="services", daemon=True)
        self._watcher.start()
        return addresses

    def stop(self) -> None:
        """Stop every service, then give the state folder back. Safe to call twice."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._stop_all()
        with self._starting:  # one that was on its way up has failed by now, or is up
            self._stop_all()
        if self._home.held:
            if self._home.path.exists():  # somebody may have removed it under us
                self._home.record({})
            self._home.release()

    def _stop_all(self) -> None:
        with ThreadPoolExecutor(len(self._services) or 1) as pool:
            list(pool.map(lambda service: service.stop(), self._services))

    def _start_all(
        self, report: Report, meanwhile: Callable[[dict[str, str]], None]
    ) -> dict[str, str]:
        """Wait for all, also when one fails, so that nothing is started after the clean-up."""
        with ThreadPoolExecutor(len(self._services) or 1) as pool:
            tasks = {
                each.name: pool.submit(self._start_one, each, report) for each in self._services
            }
            slowest = tasks.pop(Neo4j.name, None)
            addresses: dict[str, str] = {}
            for task in tasks.values():
                addresses.update(task.result())
            meanwhile(addresses)
            if slowest is not None:
                addresses.update(slowest.result())
        return addresses

    def _start_one(self, service: Service, report: Report) -> Mapping[str, str]:
        if self._stopping.is_set():
            raise ServiceError(f"{service.name} was not started: everything stops")
        began = time.monotonic()
        address = service.start(lambda line: report(service.name, line))
        self._note(service)
        self._watched[service.name] = _Watched(service, time.monotonic())
        report(service.name, f"ready after {time.monotonic() - began:.1f} s")
        return address

    def _note(self, service: Service) -> None:
        with self._record_lock:
            if service.child is not None:
                self._running[service.name] = service.child.identity
            self._home.record(self._running)

    def _clean_up(self, report: Report) -> None:
        """Stop what an instance that was killed has left running."""
        for name, identity in self._home.recorded().items():
            if stop_leftover(identity, STOP_SIGNALS.get(name, signal.SIGTERM), LEFTOVER_SECONDS):
                report(name, f"stopped process {identity.pid}, left by a run that was killed")
        self._home.record({})

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            for watched in list(self._watched.values()):
                if not watched.service.alive() and time.monotonic() >= watched.next_try_at:
                    self._restart(watched)

    def _restart(self, watched: _Watched) -> None:
        """Start a service that died, on its old port; the next try waits twice as long."""
        if time.monotonic() - watched.started_at > STEADY_SECONDS:
            watched.backoff_seconds = FIRST_BACKOFF_SECONDS
        watched.restarts += 1
        name = watched.service.name
        logger.warning("%s died; starting it again", name)
        try:
            watched.service.stop()  # reaps what is left
            watched.service.start(lambda line: logger.info("%s: %s", name, line))
            watched.started_at = time.monotonic()
            self._note(watched.service)
            logger.warning("%s runs again", name)
            self.on_restart(name)
        except Exception:
            # The watcher must outlive whatever one service does: it tries again.
            logger.exception("%s does not start; next try in %s s", name, watched.backoff_seconds)
        watched.next_try_at = time.monotonic() + watched.backoff_seconds
        watched.backoff_seconds = min(watched.backoff_seconds * 2, LONGEST_BACKOFF_SECONDS)
