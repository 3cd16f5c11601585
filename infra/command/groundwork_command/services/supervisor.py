"""Start the embedded services concurrently, restart those that die, and stop them."""

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
from groundwork_command.services.process import ProcessIdentity, stop_leftover
from groundwork_command.services.service import OnStatus, Service, ServiceError

logger = logging.getLogger("groundwork.services")

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
"""Variable by service that, if set, gives the address of an external one."""

STOP_SIGNALS: Mapping[str, signal.Signals] = {Postgres.name: signal.SIGINT}


def embedded(home: Home, environment: Mapping[str, str]) -> list[Service]:
    """Return the services whose address the environment does not give."""
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
    """Holds the state folder and runs its services from `start` to `stop`."""

    def __init__(
        self,
        home: Home,
        services: Sequence[Service],
        on_restart: Callable[[str], None] = lambda _name: None,
    ) -> None:
        """`on_restart` is called, in the watcher's thread, with each restarted service."""
        self._home = home
        self._services = list(services)
        self.on_restart = on_restart
        self._watched: dict[str, _Watched] = {}
        self._running: dict[str, ProcessIdentity] = {}
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
        """Number of restarts by service."""
        return {name: watched.restarts for name, watched in self._watched.items()}

    def start(
        self,
        report: OnStatus,
        meanwhile: Callable[[dict[str, str]], None] = lambda _addresses: None,
    ) -> dict[str, str]:
        """Start all services; return their addresses as environment variables.

        `meanwhile` is called with the other addresses while Neo4j, the slowest, still starts.

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
        """Stop all services, then release the state folder. Safe to call twice."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._stop_all()
        with self._starting:  # all services that were starting have started or failed
            self._stop_all()
        if self._home.held:
            if self._home.path.exists():  # it may have been removed meanwhile
                self._home.record({})
            self._home.release()

    def _stop_all(self) -> None:
        with ThreadPoolExecutor(len(self._services) or 1) as pool:
            list(pool.map(lambda service: service.stop(), self._services))

    def _start_all(
        self, report: OnStatus, meanwhile: Callable[[dict[str, str]], None]
    ) -> dict[str, str]:
        """Wait for all services even if one fails, so that none starts after the clean-up."""
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

    def _start_one(self, service: Service, report: OnStatus) -> Mapping[str, str]:
        if self._stopping.is_set():
            raise ServiceError(f"{service.name} was not started: the instance is stopping")
        began = time.monotonic()
        address = service.start(lambda line: report(service.name, line))
        self._record(service)
        self._watched[service.name] = _Watched(service, time.monotonic())
        report(service.name, f"ready after {time.monotonic() - began:.1f} s")
        return address

    def _record(self, service: Service) -> None:
        with self._record_lock:
            if service.child is not None:
                self._running[service.name] = service.child.identity
            self._home.record(self._running)

    def _clean_up(self, report: OnStatus) -> None:
        """Stop processes that a killed instance left running."""
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
        """Restart a dead service on its old port; double the pause before the next attempt."""
        if time.monotonic() - watched.started_at > STEADY_SECONDS:
            watched.backoff_seconds = FIRST_BACKOFF_SECONDS
        watched.restarts += 1
        name = watched.service.name
        logger.warning("%s died; restarting it", name)
        try:
            watched.service.stop()  # reap the dead process
            watched.service.start(lambda line: logger.info("%s: %s", name, line))
            watched.started_at = time.monotonic()
            self._record(watched.service)
            logger.warning("%s was restarted", name)
            self.on_restart(name)
        except Exception:
            # The watcher must survive any failure of a service; it tries again.
            logger.exception(
                "%s does not start; next attempt in %s s", name, watched.backoff_seconds
            )
        watched.next_try_at = time.monotonic() + watched.backoff_seconds
        watched.backoff_seconds = min(watched.backoff_seconds * 2, LONGEST_BACKOFF_SECONDS)
