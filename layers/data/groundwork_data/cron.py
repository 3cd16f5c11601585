"""Cron expressions, by cronsim (Debian's cron, daylight saving included)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def next_cron(expression: str, timezone: str, after: datetime) -> datetime:
    """Implements `NextCron`. Five fields; raises ValueError when it is no such, or never comes."""
    from cronsim import CronSim, CronSimError

    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{timezone} is no known time zone"
        raise ValueError(message) from None
    if len(expression.split()) != 5:  # noqa: PLR2004 - cronsim would take six, with seconds
        message = "a cron expression has five fields"
        raise ValueError(message)
    try:
        moment: datetime = next(CronSim(expression, after.astimezone(zone)))
    except CronSimError as error:
        message = f"no valid cron expression: {error}"
        raise ValueError(message) from None
    except StopIteration:
        message = "this moment never comes"
        raise ValueError(message) from None
    return moment.astimezone(UTC)
