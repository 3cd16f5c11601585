"""Cron expressions, by cronsim (Debian's cron, daylight saving included)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def next_cron(expression: str, timezone: str, after: datetime) -> datetime:
    """Return the next time that matches a cron expression of five fields; implements `NextCron`.

    Raises:
        ValueError: the expression or the time zone is invalid, or no time matches.
    """
    from cronsim import CronSim, CronSimError

    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{timezone} is not a known time zone"
        raise ValueError(message) from None
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
