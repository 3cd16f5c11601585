"""The protocol that every embedded service offers to the supervisor."""

from collections.abc import Callable, Mapping
from typing import Protocol

from groundwork_command.services.process import Child

Progress = Callable[[str], None]
"""Called with one short status line for the user."""

OnStatus = Callable[[str, str], None]
"""Called with the name of a service or task and one short status line for the user."""

OnProgress = Callable[[str, int, int], None]
"""Called with the name of a task, how much of it is done, and the total."""

Address = Mapping[str, str]
"""Address of a service as environment variables (`DATABASE_URL`, …)."""


class ServiceError(Exception):
    """Raised if a service fails; the message says what happened and what to do."""


class Service(Protocol):
    """A process that listens on loopback and keeps its data in the state folder."""

    @property
    def name(self) -> str:
        """Short name for messages, file names and records."""
        ...

    @property
    def pids(self) -> list[int]:
        """Ids of the running processes; empty if stopped."""
        ...

    @property
    def child(self) -> Child | None:
        """The server process; None if stopped."""
        ...

    def start(self, progress: Progress) -> Address:
        """Start the service and wait until it responds. Raises ServiceError."""
        ...

    def stop(self) -> None:
        """Stop the service cleanly; kill it after a timeout. Does nothing if it is stopped."""
        ...

    def alive(self) -> bool:
        """Return whether the process runs; it may still be unhealthy."""
        ...
