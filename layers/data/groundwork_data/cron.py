"""Cron expressions, evaluated by cronsim (Debian's cron, with daylight saving time)."""

from __future__ import annotations

from datetime import UTC, datetime

from groundwork_core.time_zones import time_zone


def next_cron(expression: str, timezone: str, after: datetime) -> datetime:
    """Return the next time that matches a cron expression of five fields; implements `NextCron`.

    Raises:
        UnknownTimeZone: the time zone does not exist.
        ValueError: the expression is invalid, or no time matches.
    """
    from cronsim import CronSim, CronSimError

    zone = time_zone(timezone)
    if len(expression.split()) != 5:  # noqa: PLR2004 - cronsim would take six, with seconds
        message = "a cron expression has five fields"
        raise ValueError(message)
    try:
        moment: datetime = next(CronSim(expression, after.astimezone(zone)))
    except CronSimError as error:
        message = f"invalid cron expression: {error}"
        raise ValueError(message) from None
    except StopIteration:
        message = "this cron expression never matches"
        raise ValueError(message) from None
    return moment.astimezone(UTC)
