"""Hosts of sources, in memory."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from groundwork_core.hosts.model import Circuit, HostRobots, SourceHost
from groundwork_core.hosts.pace import Pace
from groundwork_core.sources.robots_known import KnownRobots

from .tables import Tables


class MemoryHosts:
    """Implements `HostStore`."""

    def __init__(self, tables: Tables) -> None:
        self._paces: dict[str, Pace] = tables.of("hosts")
        self._robots: dict[str, KnownRobots] = tables.of("robots")

    def made(self, host: str) -> Pace:
        self.make(host)
        return self._paces[host]

    def lock(self, host: str) -> Pace | None:
        return self._paces.get(host)

    def keep(self, pace: Pace, now: datetime) -> None:
        self._paces[pace.host] = pace

    def make(self, host: str) -> None:
        self._paces.setdefault(host, Pace(host))

    def obeying(self, hosts: Sequence[str]) -> dict[str, float]:
        paces = [self._paces[host] for host in hosts if host in self._paces]
        return {one.host: one.min_delay_ms / 1_000 for one in paces if one.obey_robots}

    def robots(self, origins: Sequence[str]) -> dict[str, KnownRobots]:
        return {one: self._robots[one] for one in origins if one in self._robots}

    def keep_robots(self, host: str, robots: KnownRobots) -> None:
        self._robots[robots.origin] = robots

    def one(self, host: str, now: datetime) -> SourceHost | None:
        pace = self._paces.get(host)
        return None if pace is None else _shown(pace, now)

    def page(self, after: str, limit: int, now: datetime) -> list[SourceHost]:
        names = sorted(name for name in self._paces if name > after)
        return [_shown(self._paces[name], now) for name in names[:limit]]


def _shown(pace: Pace, now: datetime) -> SourceHost:
    circuit = {
        "state": pace.circuit(now),
        "failures": pace.failures,
        "until": pace.circuit_until,
    }
    robots = HostRobots(status=None, fetched_at=None, crawl_delay_seconds=None)
    fields = {
        name: value for name, value in asdict(pace).items() if name in SourceHost.model_fields
    }
    more = {"in_flight": 0, "waiting": 0, "circuit": Circuit.model_validate(circuit)}
    return SourceHost.model_validate(fields | more | {"robots": robots})
