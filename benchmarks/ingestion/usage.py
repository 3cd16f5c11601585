"""CPU time and memory of an instance's parts, while it runs."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

PAUSE_SECONDS = 2.0
GATEWAY = "gateway, pollers, clock"
POSTGRES = "PostgreSQL"


def part_of(process: psutil.Process) -> str:
    """Return the name of the part that a process belongs to."""
    command = " ".join(process.cmdline())
    if "environments/bootstrap" in command:
        return "function " + process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "?")
    if "neo4j" in command:
        return "Neo4j"
    if "ministack" in command:
        return "queue emulator"
    if "postgres" in command and "groundwork_command" not in command:
        return POSTGRES
    return GATEWAY


@dataclass
class Usage:
    """Samples the processes of an instance until stopped. CPU in seconds, memory in MB."""

    root: psutil.Process
    postgres: psutil.Process
    """The server's first process, which counts what its ended ones spent."""
    memory: dict[str, float] = field(default_factory=dict)
    """The most of each part; pages that processes share count once (PSS)."""
    _seen: dict[int, tuple[str, float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to sample."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End sampling."""
        self._stop.set()
        self._thread.join()

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds of each part so far."""
        self._look(memory=False)
        spent: defaultdict[str, float] = defaultdict(float)
        for part, seconds in list(self._seen.values()):
            spent[part] += seconds
        spent[POSTGRES] = sum(
            sum(process.cpu_times()[:4]) if process.pid == self.postgres.pid else _own(process)
            for process in self._of_postgres()
        )
        return dict(spent)

    def _of_postgres(self) -> list[psutil.Process]:
        return [self.postgres, *self.postgres.children(recursive=True)]

    def _run(self) -> None:
        count = 0
        while not self._stop.wait(PAUSE_SECONDS):
            self._look(memory=count % 5 == 0)
            count += 1

    def _look(self, *, memory: bool) -> None:
        held: defaultdict[str, float] = defaultdict(float)
        database = {one.pid: one for one in self._of_postgres()}
        others = [self.root, *self.root.children(recursive=True)]
        every = {one.pid: one for one in others} | database
        for pid, process in every.items():
            try:
                part = POSTGRES if pid in database else self._part(process)
                if part != POSTGRES:
                    self._seen[pid] = (part, _own(process))
                if memory:
                    held[part] += process.memory_full_info().pss / 2**20
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        for part, megabytes in held.items():
            self.memory[part] = max(self.memory.get(part, 0.0), megabytes)

    def _part(self, process: psutil.Process) -> str:
        known = self._seen.get(process.pid)
        return known[0] if known else part_of(process)


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def postgres_of(pid: int) -> psutil.Process:
    """Return the first process of the server that the backend `pid` belongs to."""
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return what each part spent in between."""
    return {name: round(after[name] - before.get(name, 0.0), 2) for name in after}
