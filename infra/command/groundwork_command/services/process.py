"""A child process that is surely ours: started, recognised later, and stopped by id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from groundwork_command.services import launch

LOG_LIMIT_BYTES = 10 * 1024 * 1024
START_TIME_TOLERANCE_SECONDS = 1.0

# Linux sends a child its parent-death signal when the *thread* that started it ends, so every
# child is started from this one thread, which lives as long as the process.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True)
class Identity:
    """Enough to recognise a process after its id may have been given to another one."""

    pid: int
    started_at: float  # seconds since the epoch
    command: tuple[str, ...]

    def process(self) -> psutil.Process | None:
        """The running process, or None when it is gone or its id now belongs to another."""
        try:
            found = psutil.Process(self.pid)
            same_start = abs(found.create_time() - self.started_at) < START_TIME_TOLERANCE_SECONDS
            if not same_start or found.status() == psutil.STATUS_ZOMBIE:
                return None
            # While the launcher is still at work the command is the tail of its own.
            running = tuple(found.cmdline())
            return found if running[-len(self.command) :] == self.command else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True)
class Launch:
    """How to start a program."""

    command: Sequence[str]
    cwd: Path
    log: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    user: tuple[int, int] | None = None  # uid and gid to run as; None: as ourselves


class Child:
    """A running program. Dies with us where the system can do that (Linux)."""

    def __init__(self, how: Launch) -> None:
        self._how = how
        if how.log.exists() and how.log.stat().st_size > LOG_LIMIT_BYTES:
            how.log.replace(how.log.with_suffix(".log.1"))
        self._log_start = how.log.stat().st_size if how.log.exists() else 0
        self._popen = _spawner.submit(self._spawn).result()
        self.identity = Identity(self._popen.pid, _create_time(self._popen.pid), tuple(how.command))

    def _spawn(self) -> subprocess.Popen[bytes]:
        how = self._how
        uid, gid = how.user or (0, 0)
        wrapper = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        wrapper += [str(int(how.stop_signal)), str(uid), str(gid), *how.command]
        with _log_file(how.log) as log:
            return subprocess.Popen(  # noqa: S603 - commands are ours, no shell in between
                wrapper,
                cwd=how.cwd,
                env=dict(how.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us alone: services stop after the drain
            )

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that it wrote, for an error message."""
        with self._how.log.open("rb") as log:
            log.seek(self._log_start)
            written = log.read().decode(errors="replace")
        return "\n".join(written.splitlines()[-lines:]) or "(it wrote nothing)"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._popen.poll()

    def stop(self, patience_seconds: float) -> None:
        """Ask it to go, and kill it when it has not gone after `patience_seconds`."""
        if self.alive():
            self._popen.send_signal(self._how.stop_signal)
        try:
            self._popen.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def stop_leftover(identity: Identity, how: signal.Signals, patience_seconds: float) -> bool:
    """Stop a process of an earlier run. True when there was one."""
    found = identity.process()
    if found is None:
        return False
    try:
        found.send_signal(how)
        found.wait(patience_seconds)
    except psutil.TimeoutExpired:
        found.kill()
        found.wait(patience_seconds)
    except psutil.NoSuchProcess:
        pass
    return True


def wait_for(ready: Callable[[], bool], child: Child, timeout_seconds: float) -> str | None:
    """Poll `ready` until it says yes. None, or why it never did."""
    deadline = time.monotonic() + timeout_seconds
    pause_seconds = 0.02
    while time.monotonic() < deadline:
        if not child.alive():
            return f"it ended (exit code {child.exit_code()}); its log ends:\n{child.log_tail()}"
        if ready():
            return None
        time.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * 1.3, 0.2)
    return f"no answer after {timeout_seconds:.0f} s; its log ends:\n{child.log_tail()}"


def _log_file(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _create_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()
