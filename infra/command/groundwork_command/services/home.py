"""The state folder: permissions, lock, secrets, ports and records."""

import fcntl
import json
import os
import secrets
import socket
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO

from groundwork_command.services.process import ProcessIdentity
from groundwork_command.services.service import ServiceError

PRIVATE_FOLDER = 0o700
PASSABLE_FOLDER = 0o711  # others may traverse but not list
PRIVATE_FILE = 0o600
PASSWORD_BYTES = 24
FIRST_PORT, END_OF_PORTS = 20_000, 32_768
PORT_TRIES = 20
PORTS_OF_THE_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Home:
    """The state folder of one instance; it holds all of the instance's files."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None
        self._ports = threading.Lock()

    def prepare(self) -> None:
        """Create the folder and close it to other users. Raises ServiceError on failure."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # PostgreSQL refuses to run as root; for root, its user must be able to traverse this
            # folder to its own. Secrets lie one folder deeper, closed to all other users.
            self.path.chmod(PASSABLE_FOLDER if os.geteuid() == 0 else PRIVATE_FOLDER)
            for folder in (self.secrets, self.logs):
                folder.mkdir(exist_ok=True)
                folder.chmod(PRIVATE_FOLDER)
        except OSError as error:
            raise ServiceError(
                f"The state folder {self.path} cannot be used: {error.strerror}. "
                "Set GROUNDWORK_HOME to a folder that you can write to."
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
        """Return the folder of a service; create it if missing."""
        path = self.path / name
        path.mkdir(exist_ok=True)
        return path

    def password(self, name: str) -> str:
        """Return the generated password of this name; the first call generates it."""
        path = self.secrets / name
        if not path.exists():
            self.write_private(path, secrets.token_urlsafe(PASSWORD_BYTES))
        return path.read_text()

    def write_private(self, path: Path, text: str) -> None:
        """Write a file atomically, readable by its owner only."""
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        draft.replace(path)

    # Lock

    def acquire(self) -> None:
        """Lock the folder for this process. Raises ServiceError if an instance holds it."""
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
        """Raise ServiceError if an instance runs on this folder."""
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
        """True if this process holds the folder's lock."""
        return self._lock is not None

    def release(self) -> None:
        """Release the folder's lock."""
        if self._lock is not None:
            self._lock.seek(0)
            self._lock.truncate()
            self._lock.close()
            self._lock = None

    def holder(self) -> int | None:
        """Return the process id of the instance that runs on this folder, or None."""
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

    # Running processes, for the clean-up after a crash

    def record(self, running: dict[str, ProcessIdentity]) -> None:
        """Record the processes of this run."""
        text = json.dumps({name: asdict(identity) for name, identity in running.items()})
        self.write_private(self.path / "processes.json", text)

    def recorded(self) -> dict[str, ProcessIdentity]:
        """Return the recorded processes of the last run; empty if it ended cleanly."""
        try:
            found = json.loads((self.path / "processes.json").read_text())
            return {
                name: ProcessIdentity(int(e["pid"]), float(e["started_at"]), tuple(e["command"]))
                for name, e in found.items()
            }
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}

    # Ports

    def port(self, name: str) -> int:
        """Return a free port on loopback; the previous one if possible, to keep addresses."""
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


def free_port(range_file: Path = PORTS_OF_THE_SYSTEM) -> int:
    """Return a port on loopback that is free at the moment.

    If possible it is outside the range from which the system assigns ports. The server binds the
    port only seconds later, and until then the system could assign it to any connection.
    """
    try:
        end = min(int(range_file.read_text().split()[0]), END_OF_PORTS)
    except (OSError, ValueError, IndexError):
        end = END_OF_PORTS
    for _ in range(PORT_TRIES if end > FIRST_PORT else 0):
        port = FIRST_PORT + secrets.randbelow(end - FIRST_PORT)
        if port_is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether a server can listen on this port of this IP address."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
