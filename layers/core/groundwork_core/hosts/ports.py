"""Ports of hosts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from groundwork_core.audit.ports import AuditedWork
from groundwork_core.hosts.model import SourceHost
from groundwork_core.hosts.pace import Pace


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
