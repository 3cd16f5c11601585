"""The state folder: who may look into it, its lock, its secrets, its ports and its records."""

import fcntl
import json
import os
import secrets
import socket
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO

from groundwork_command.services.process import Identity
from groundwork_command.services.service import ServiceError

PRIVATE_FOLDER = 0o700
PASSABLE_FOLDER = 0o711  # others may pass through but not look
PRIVATE_FILE = 0o600
PASSWORD_BYTES = 24


class Home:
    """One instance's state folder. Everything an instance keeps is in here."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None
        self._ports = threading.Lock()

    def prepare(self) -> None:
        """Make the folder and close it to others. Raises ServiceError where that fails."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # PostgreSQL refuses to run as root, so for root another user must pass through here
            # to its own folder. What is secret lies one folder deeper, closed to all.
            self.path.chmod(PASSABLE_FOLDER if os.geteuid() == 0 else PRIVATE_FOLDER)
            for folder in (self.secrets, self.logs):
                folder.mkdir(exist_ok=True)
                folder.chmod(PRIVATE_FOLDER)
        except OSError as error:
            raise ServiceError(
                f"The state folder {self.path} cannot be used: {error.strerror}. "
                "Set GROUNDWORK_HOME to a folder that you may write to."
            ) from error

    @property
    def secrets(self) -> Path:
        """The folder of generated passwords."""
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        """The folder of the services' logs."""
        return self.path / "logs"

    def folder(self, name: str) -> Path:
        """A service's own folder, made when missing."""
        path = self.path / name
        path.mkdir(exist_ok=True)
        return path

    def password(self, name: str) -> str:
        """The generated password kept under this name; made at the first call."""
        path = self.secrets / name
        if not path.exists():
            self.write_private(path, secrets.token_urlsafe(PASSWORD_BYTES))
        return path.read_text()

    def write_private(self, path: Path, text: str) -> None:
        """Write a file that only we may read, whole or not at all."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        draft.replace(path)

    # One instance at a time

    def acquire(self) -> None:
        """Take the folder for this process. Raises ServiceError when an instance has it."""
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        lock = os.fdopen(handle, "r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise ServiceError(self._taken(holder)) from error
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def must_be_free(self) -> None:
        """Raise ServiceError when an instance runs on this folder."""
        holder = self.holder()
        if holder is not None and not self.held:
            raise ServiceError(self._taken(str(holder)))

    def _taken(self, holder: str) -> str:
        return (
            f"Groundwork already runs on {self.path} (process {holder}). Stop it with "
            "`groundwork down`, or set GROUNDWORK_HOME and GROUNDWORK_PORT to run another."
        )

    @property
    def held(self) -> bool:
        """Whether this process has the folder."""
        return self._lock is not None

    def release(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.seek(0)
            self._lock.truncate()
            self._lock.close()
            self._lock = None

    def holder(self) -> int | None:
        """The process id of the instance that runs on this folder, or None."""
        path = self.path / "lock"
        if not path.exists():
            return None
        with path.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read().strip()
                return int(text) if text.isdigit() else None
        return None

    # What runs, for the one who cleans up after us

    def record(self, running: dict[str, Identity]) -> None:
        """Write down the processes of this run."""
        text = json.dumps({name: asdict(identity) for name, identity in running.items()})
        self.write_private(self.path / "processes.json", text)

    def recorded(self) -> dict[str, Identity]:
        """The processes written down by the last run; empty when it ended in good order."""
        try:
            found = json.loads((self.path / "processes.json").read_text())
            return {
                name: Identity(int(e["pid"]), float(e["started_at"]), tuple(e["command"]))
                for name, e in found.items()
            }
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}

    # Ports

    def port(self, name: str) -> int:
        """A free port on loopback: last time's where possible, so that addresses stay."""
        path = self.path / "ports.json"
        with self._ports:
            try:
                ports: dict[str, int] = json.loads(path.read_text())
            except (FileNotFoundError, ValueError):
                ports = {}
            if name not in ports or not port_is_free(ports[name]):
                ports[name] = free_port()
                self.write_private(path, json.dumps(ports))
            return ports[name]


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether this port of an IP address of this machine can be listened on."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
