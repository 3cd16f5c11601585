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
    """The stored hosts."""

    def lock(self, host: str) -> Pace | None:
        """Return a host's settings and state, locked until the transaction ends."""
        ...

    def keep(self, pace: Pace, now: datetime) -> None:
        """Store a host, and when its next source may be claimed."""
        ...

    def make(self, host: str) -> None:
        """Store a host with default settings unless it is there."""
        ...

    def obeying(self, hosts: Sequence[str]) -> dict[str, float]:
        """Return those hosts that obey robots.txt, with their pauses in seconds."""
        ...

    def robots(self, origins: Sequence[str]) -> dict[str, KnownRobots]:
        """Return what is known of the robots.txt of origins."""
        ...

    def keep_robots(self, host: str, robots: KnownRobots) -> None:
        """Store the robots.txt of an origin of a host."""
        ...

    def one(self, host: str, now: datetime) -> SourceHost | None:
        """Return one host as shown."""
        ...

    def page(self, after: str, limit: int, now: datetime) -> list[SourceHost]:
        """Return hosts after a name, in the order of names."""
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
        """Return the registrable domain, or the host itself on a shared domain."""
        ...
