"""The last reading of the clock in memory, and the planned times that move with it."""

from dataclasses import replace
from datetime import datetime, timedelta

from groundwork_core.clock_jumps.model import ClockReading
from groundwork_core.hosts.pace import Pace
from groundwork_core.sources.robots_known import KnownRobots

from .source_states import State
from .tables import Tables

NAME = "ingestion"


class MemoryClockReadings:
    """Implements `ClockReadings` for sources, hosts and robots.txt, which these tables have."""

    def __init__(self, tables: Tables) -> None:
        self._readings: dict[str, ClockReading] = tables.of("clock_readings")
        self._states: dict[object, State] = tables.of("source_states")
        self._paces: dict[str, Pace] = tables.of("hosts")
        self._robots: dict[str, KnownRobots] = tables.of("robots")

    def last(self) -> ClockReading | None:
        return self._readings.get(NAME)

    def keep(self, reading: ClockReading) -> None:
        self._readings[NAME] = reading

    def move_plans(self, jump: timedelta) -> None:
        for source_id, state in self._states.items():
            stays = state.next_poll_reason == "cron" and jump > timedelta()
            self._states[source_id] = replace(
                state,
                next_poll_at=state.next_poll_at if stays else state.next_poll_at + jump,
                claimed_until=_moved(state.claimed_until, jump),
                fetch_at=_moved(state.fetch_at, jump),
                fetching_until=_moved(state.fetching_until, jump),
            )
        for host, pace in self._paces.items():
            self._paces[host] = replace(
                pace,
                next_allowed_at=_moved(pace.next_allowed_at, jump),
                circuit_until=_moved(pace.circuit_until, jump),
                circuit_opened_at=_moved(pace.circuit_opened_at, jump),
            )
        for origin, robots in self._robots.items():
            self._robots[origin] = replace(robots, expires_at=robots.expires_at + jump)


def _moved(at: datetime | None, jump: timedelta) -> datetime | None:
    return None if at is None else at + jump
