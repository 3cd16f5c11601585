"""Units of work in memory."""

from types import TracebackType
from typing import Self

from groundwork_core.outbox import Command

from .clock_readings import MemoryClockReadings
from .credentials import MemoryCredentials
from .documents import MemoryDocuments
from .hosts import MemoryHosts
from .identity import (
    MemoryApiKeys,
    MemoryAuditLog,
    MemoryAuthority,
    MemoryLoginFailures,
    MemoryRefreshTokens,
    MemoryTickets,
    MemoryUsers,
)
from .jobs import MemoryJobs
from .leases import MemoryLeases
from .resources import FakeResources
from .sources import MemorySources
from .tables import Table, Tables


class MemoryWork:
    """Implements units of work with identity, sources, documents and jobs.

    An error in the block restores what was there.

    `published` has the commands of all committed blocks.
    """

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or Tables()
        self.published: list[Command] = []
        self._commits = 0
        self._position: str | None = None
        self._before: dict[str, Table] | None = None
        self._new_commands: list[Command] = []

    @property
    def position(self) -> str | None:
        return self._position

    @property
    def resources(self) -> FakeResources:
        return FakeResources(self._open())

    @property
    def users(self) -> MemoryUsers:
        return MemoryUsers(self._open())

    @property
    def authority(self) -> MemoryAuthority:
        return MemoryAuthority(self._open())

    @property
    def refresh_tokens(self) -> MemoryRefreshTokens:
        return MemoryRefreshTokens(self._open())

    @property
    def login_failures(self) -> MemoryLoginFailures:
        return MemoryLoginFailures(self._open())

    @property
    def tickets(self) -> MemoryTickets:
        return MemoryTickets(self._open())

    @property
    def api_keys(self) -> MemoryApiKeys:
        return MemoryApiKeys(self._open())

    @property
    def audit(self) -> MemoryAuditLog:
        return MemoryAuditLog(self._open())

    @property
    def clock_readings(self) -> MemoryClockReadings:
        return MemoryClockReadings(self._open())

    @property
    def hosts(self) -> MemoryHosts:
        return MemoryHosts(self._open())

    @property
    def sources(self) -> MemorySources:
        return MemorySources(self._open())

    @property
    def documents(self) -> MemoryDocuments:
        return MemoryDocuments(self._open())

    @property
    def jobs(self) -> MemoryJobs:
        return MemoryJobs(self._open())

    @property
    def leases(self) -> MemoryLeases:
        return MemoryLeases(self._open())

    @property
    def credentials(self) -> MemoryCredentials:
        return MemoryCredentials(self._open())

    def publish(self, *commands: Command) -> None:
        self._open()
        self._new_commands += commands

    def __enter__(self) -> Self:
        self._before = self.tables.copy()
        self._position, self._new_commands = None, []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        before = self._before or {}
        self._before = None
        if kind is not None:
            self.tables.restore(before)
        elif self._new_commands or self.tables.copy() != before:
            self._commits += 1
            self._position = str(self._commits)
            self.published += self._new_commands

    def _open(self) -> Tables:
        if self._before is None:
            message = "a store was used outside `with work:`; begin the unit of work first"
            raise RuntimeError(message)
        return self.tables
