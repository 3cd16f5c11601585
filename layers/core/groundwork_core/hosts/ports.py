"""Ports of hosts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from groundwork_core.audit.ports import AuditedWork
from groundwork_core.hosts.model import SourceHost
from groundwork_core.hosts.pace import Pace
from groundwork_core.sources.robots_known import KnownRobots


class HostStore(Protocol):
    """Stores hosts: their settings, their pace and their robots.txt."""

    def lock(self, host: str) -> Pace | None:
        """Return a host's settings and state, locked until the transaction ends."""
        ...

    def keep(self, pace: Pace, now: datetime) -> None:
        """Store a host's state, and when its next source may be claimed."""
        ...

    def make(self, host: str) -> None:
        """Store a host with default settings unless it exists."""
        ...

    def obeying(self, hosts: Sequence[str]) -> dict[str, float]:
        """Return those of the hosts that obey robots.txt, with their pauses in seconds."""
        ...

    def robots(self, origins: Sequence[str]) -> dict[str, KnownRobots]:
        """Return the stored robots.txt of these origins."""
        ...

    def keep_robots(self, host: str, robots: KnownRobots) -> None:
        """Store the robots.txt of an origin of a host."""
        ...

    def one(self, host: str, now: datetime) -> SourceHost | None:
        """Return one host as shown."""
        ...

    def page(self, after: str, limit: int, now: datetime) -> list[SourceHost]:
        """Return hosts whose names follow `after`, ordered by name."""
        ...


class HostsWork(AuditedWork, Protocol):
    """A unit of work with hosts and the audit log."""

    @property
    def hosts(self) -> HostStore:
        """The hosts."""
        ...


class HostOf(Protocol):
    """Returns the host of a URL: the key of its pause."""

    def __call__(self, url: str, /) -> str:
        """Return the registrable domain of a URL, or its host name on a shared domain."""
        ...
