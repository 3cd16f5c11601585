"""What every embedded service offers to the supervisor."""

from collections.abc import Callable, Mapping
from typing import Protocol

from groundwork_command.services.process import Child

Progress = Callable[[str], None]
"""Takes one short line about what is going on, for a person to read."""

Address = Mapping[str, str]
"""How to reach a service, as the environment variables that name it (`DATABASE_URL`, …)."""


class ServiceError(Exception):
    """A service cannot start; the message says what happened and what to do."""


class Service(Protocol):
    """One process that listens on loopback and keeps its state in the state folder."""

    @property
    def name(self) -> str:
        """One word, used in messages, file names and records."""
        ...

    @property
    def pids(self) -> list[int]:
        """Ids of the running processes; empty when stopped."""
        ...

    @property
    def child(self) -> Child | None:
        """The process that serves; None when stopped."""
        ...

    def start(self, progress: Progress) -> Address:
        """Start and wait until it answers. Raises ServiceError."""
        ...

    def stop(self) -> None:
        """Stop in good order, killing only what does not go. Safe when nothing runs."""
        ...

    def alive(self) -> bool:
        """Whether the process runs; says nothing about how well."""
        ...
