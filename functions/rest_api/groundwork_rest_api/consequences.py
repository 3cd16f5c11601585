"""What follows from writes, put together from the domain's rules and this environment's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.jobs.follow import JobConsequences
    from groundwork_core.sources.follow import SourceConsequences
    from groundwork_runtime.wiring import Wiring


def follow_source(wiring: Wiring) -> SourceConsequences:
    """A new source is fetched at once; an edited one is planned anew."""
    from groundwork_core.sources.follow import SourceConsequences  # noqa: PLC0415 - writers only

    return SourceConsequences(clock=wiring.clock, next_cron=wiring.next_cron)


def follow_job(_wiring: Wiring) -> JobConsequences:
    """A job that has ended stays as it is."""
    from groundwork_core.jobs.follow import JobConsequences  # noqa: PLC0415 - writers only

    return JobConsequences()
