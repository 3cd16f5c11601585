"""Child processes: start, recognise after a restart, and stop by process id."""

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
class ProcessIdentity:
    """Identifies a process even if its id may have been reused by another one."""

    pid: int
    started_at: float  # seconds since the epoch
    command: tuple[str, ...]

    def process(self) -> psutil.Process | None:
        """Return the running process, or None if it has ended or its id was reused."""
        try:
            found = psutil.Process(self.pid)
            same_start = abs(found.create_time() - self.started_at) < START_TIME_TOLERANCE_SECONDS
            if not same_start or found.status() == psutil.STATUS_ZOMBIE:
                return None
            # Until launch.py has executed it, the command is the end of launch.py's own.
            running = tuple(found.cmdline())
            return found if running[-len(self.command) :] == self.command else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True)
class Launch:
    """Command, folder, log and user of a program to start."""

    command: Sequence[str]
    cwd: Path
    log: Path
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    user: tuple[int, int] | None = None  # uid and gid to run as; None: as ourselves
    own_log: Path | None = None  # a log that the program writes itself, besides its output


class Child:
    """A running program. On Linux it ends with this process."""

    def __init__(self, how: Launch) -> None:
        self._how = how
        if how.log.exists() and how.log.stat().st_size > LOG_LIMIT_BYTES:
            how.log.replace(how.log.with_suffix(".log.1"))
        self._log_starts = {path: _size(path) for path in (how.log, how.own_log) if path}
        self._popen = _spawner.submit(self._spawn).result()
        self.identity = ProcessIdentity(
            self._popen.pid, _create_time(self._popen.pid), tuple(how.command)
        )

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
                start_new_session=True,  # Ctrl-C must not reach services: they stop after the drain
            )

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of its logs without stack frames of Java, for an error message."""
        written = "".join(_read_from(path, start) for path, start in self._log_starts.items())
        kept = [line for line in written.splitlines() if not line.startswith(("\tat ", "\t... "))]
        return "\n".join(kept[-lines:]) or "(it wrote nothing)"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def alive(self) -> bool:
        """Return whether it still runs."""
        return self._popen.poll() is None

    def exit_code(self) -> int | None:
        """Return the exit code: None while it runs, negative if a signal ended it."""
        return self._popen.poll()

    def stop(self, patience_seconds: float) -> None:
        """Send its stop signal, and kill it if it still runs after `patience_seconds`."""
        if self.alive():
            self._popen.send_signal(self._how.stop_signal)
        try:
            self._popen.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def stop_leftover(identity: ProcessIdentity, how: signal.Signals, patience_seconds: float) -> bool:
    """Stop a process of an earlier run. Return whether it was running."""
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
    """Poll `ready` until it returns True. Return None, or the reason of the failure."""
    deadline = time.monotonic() + timeout_seconds
    pause_seconds = 0.02
    while time.monotonic() < deadline:
        if not child.alive():
            return f"it ended (exit code {child.exit_code()}); its log ends:\n{child.log_tail()}"
        if ready():
            return None
        time.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * 1.3, 0.2)
    return f"no response after {timeout_seconds:.0f} s; its log ends:\n{child.log_tail()}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_from(path: Path, start: int) -> str:
    """Return what was written to a log after `start`; all of it, if the log was replaced since."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(start if start <= path.stat().st_size else 0)
        return log.read().decode(errors="replace")


def _log_file(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _create_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()
