"""Convert schedule expressions (`rate(…)`, `cron(…)`, `at(…)`) to slots.

A slot is a time at which a schedule is due. All hosts compute the same slots, so that a row in the
database can record which host runs one.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from groundwork_lambda_host.clock.cron import BadExpression, Cron, parse_cron

__all__ = ["BadExpression", "Slots", "parse_expression"]

_FORM = re.compile(r"^(rate|cron|at)\((.*)\)$")
_RATE = re.compile(r"^([1-9]\d*) (minute|minutes|hour|hours|day|days)$")
_UNIT_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_LONGEST_GAP_DAYS = 366 * 9  # 29 February, across a year like 2100 without one


class Slots(Protocol):
    """The slots of a schedule. All times are aware and in UTC."""

    @property
    def due_from_the_start(self) -> bool:
        """True if a schedule that never ran is due at once, as EventBridge does for rates."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first slot after `moment`, or None."""

    def latest(self, moment: datetime) -> datetime | None:
        """Return the last slot at or before `moment`, or None."""


def parse_expression(text: str, timezone: str = "UTC") -> Slots:
    """Parse a schedule expression; `timezone` is an IANA name, used by cron and at.

    Raises:
        BadExpression: EventBridge would reject it.
    """
    form = _FORM.match(text.strip())
    if form is None:
        raise BadExpression(f"{text!r} is neither rate(…), cron(…) nor at(…)")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadExpression(f"the time zone {timezone!r} is unknown") from error
    kind, inside = form.groups()
    match kind:
        case "rate":
            return RateSlots(_rate(inside))
        case "cron":
            return CronSlots(parse_cron(inside), zone)
        case _:
            return AtSlots(_at(inside, zone))


class RateSlots:
    """Multiples of the period since 1970, so that all hosts compute the same slots."""

    due_from_the_start = True

    def __init__(self, period: timedelta) -> None:
        self._seconds = int(period.total_seconds())

    def after(self, moment: datetime) -> datetime:
        """Return the first slot after `moment`."""
        return self.latest(moment) + timedelta(seconds=self._seconds)

    def latest(self, moment: datetime) -> datetime:
        """Return the last slot at or before `moment`."""
        number = int(moment.timestamp()) // self._seconds
        return datetime.fromtimestamp(number * self._seconds, UTC)


class CronSlots:
    """Local times of a time zone.

    A time that daylight saving skips is skipped; a time that occurs twice is used once.
    """

    due_from_the_start = False

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        self._cron = cron
        self._zone = zone

    def after(self, moment: datetime) -> datetime | None:
        """Return the first slot after `moment`."""
        first = moment.astimezone(self._zone).date()
        for number in range(_LONGEST_GAP_DAYS):
            for slot in self._of_day(first + timedelta(days=number)):
                if slot > moment:
                    return slot
        return None

    def latest(self, moment: datetime) -> datetime | None:
        """Return the last slot at or before `moment`."""
        first = moment.astimezone(self._zone).date()
        for number in range(_LONGEST_GAP_DAYS):
            for slot in reversed(list(self._of_day(first - timedelta(days=number)))):
                if slot <= moment:
                    return slot
        return None

    def _of_day(self, day: date) -> Iterator[datetime]:
        if not self._cron.matches_day(day):
            return
        slots = []
        for hour, minute in self._cron.times():
            local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self._zone)
            slot = local.astimezone(UTC)
            if slot.astimezone(self._zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                slots.append(slot)
        yield from sorted(slots)


class AtSlots:
    """A single time."""

    due_from_the_start = False

    def __init__(self, at: datetime) -> None:
        self._at = at

    def after(self, moment: datetime) -> datetime | None:
        """Return the slot if it is after `moment`."""
        return self._at if self._at > moment else None

    def latest(self, moment: datetime) -> datetime | None:
        """Return the slot if it is not after `moment`."""
        return self._at if self._at <= moment else None


def _rate(text: str) -> timedelta:
    found = _RATE.match(text.strip())
    if found is None:
        raise BadExpression(f"rate({text}) is not a positive number and minutes, hours or days")
    number, unit = int(found[1]), found[2]
    if (number == 1) == unit.endswith("s"):
        raise BadExpression(f"rate({text}): use the singular for 1 and the plural otherwise")
    return timedelta(minutes=number * _UNIT_MINUTES[unit.removesuffix("s")])


def _at(text: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.strptime(text.strip(), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - zone below
    except ValueError as error:
        raise BadExpression(f"at({text}) is not yyyy-mm-ddThh:mm:ss") from error
    return local.replace(tzinfo=zone).astimezone(UTC)
