"""Hosts as resources of the REST API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from groundwork_core.resources.field_types import INTEGRAL
from groundwork_core.resources.resource import Input

MIN_DELAY_MS_MAX = 3_600_000
IN_FLIGHT_MAX = 100


class Circuit(BaseModel):
    """The state of a host's circuit: whether requests are sent to it after failures."""

    state: Literal["closed", "open", "half_open"]
    failures: int = Field(description="Consecutive failures of the host over all its sources.")
    until: datetime | None = Field(description="When the next probe may begin.")


class HostRobots(BaseModel):
    """The host's latest robots.txt."""

    status: Literal["found", "none", "unreachable"] | None = Field(
        description="`none`: the host has no robots.txt, so that all may be fetched;"
        " `unreachable`: nothing is fetched for a while; null: not fetched yet."
    )
    fetched_at: datetime | None
    crawl_delay_seconds: float | None


class SourceHost(BaseModel):
    """A host whose sources are polled: a registrable domain, or one site of a shared domain."""

    host: str
    min_delay_ms: int
    max_in_flight: int
    obey_robots: bool
    in_flight: int
    next_allowed_at: datetime | None
    delay_ms: int
    circuit: Circuit
    robots: HostRobots
    waiting: int = Field(description="Due sources that wait for the host, at most 10,000.")


class SourceHosts(BaseModel):
    """A page of hosts, ordered by name."""

    items: list[SourceHost]
    next_cursor: str | None


class HostPatch(Input):
    """Changes of a host's settings."""

    min_delay_ms: Annotated[int, Field(ge=0, le=MIN_DELAY_MS_MAX), INTEGRAL] = 1_000
    max_in_flight: Annotated[int, Field(ge=1, le=IN_FLIGHT_MAX), INTEGRAL] = 1
    obey_robots: bool = Field(
        default=True,
        description="Whether fetches obey robots.txt. A change is recorded in the audit log.",
    )
