"""EventBridge's six-field cron: minute, hour, day of month, month, day of week, year.

It differs from Unix cron in the year field, in `?`, in days of the week from 1 (Sunday) to 7, in
ranges that wrap around (`FRI-MON`), and in `L`, `W` and `#`.

cronsim, which parses the cron expressions of sources, covers lists, ranges, steps, `L`, `LW`,
`5L` and `5#2`. It has no years, no `15W`, no ranges that wrap around and no `L` for Saturday, and
it runs a time that daylight saving skips an hour later instead of skipping it. Mapping to it would
keep most of this module (`_numbers`, the years, `_nearest_weekday`) and the time zones of
expressions.py, and add a translation, so this module does not use it.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_DAYS = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_SATURDAY, _SUNDAY = 5, 6  # numbers of date.weekday()
_FIELDS = 6


class BadExpression(ValueError):
    """Raised for a schedule expression that EventBridge would reject."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `day_of_month` or `day_of_week` is `?`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    day_of_month: str
    day_of_week: str

    def matches_day(self, day: date) -> bool:
        """Return whether the expression matches a day."""
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.day_of_week == "?":
            return any(_month_day(part, day) for part in self.day_of_month.split(","))
        return any(_week_day(part, day) for part in self.day_of_week.split(","))

    def times(self) -> Iterator[tuple[int, int]]:
        """Return the hours and minutes of a day, in order."""
        return ((hour, minute) for hour in self.hours for minute in self.minutes)


def parse_cron(text: str) -> Cron:
    """Parse the six fields.

    Raises:
        BadExpression: EventBridge would reject it.
    """
    fields = text.upper().split()
    if len(fields) != _FIELDS:
        raise BadExpression(f"cron({text}) has {len(fields)} fields, not six")
    minute, hour, month_day, month, week_day, year = fields
    if (month_day == "?") == (week_day == "?"):
        raise BadExpression(f"cron({text}): exactly one of the two day fields must be ?")
    for part in month_day.split(","):
        if part not in ("?", "L", "LW") and not part.endswith("W"):
            _numbers(part, 1, 31, {})
        elif part.endswith("W") and part != "LW":
            _number(part[:-1], 1, 31, {})
    for part in week_day.split(","):
        if part in {"?", "L"}:
            continue
        if "#" in part:
            name, _, nth = part.partition("#")
            _number(name, 1, 7, _DAYS)
            _number(nth, 1, 5, {})
        elif part.endswith("L") and part[:-1]:
            _number(part[:-1], 1, 7, _DAYS)
        else:
            _numbers(part, 1, 7, _DAYS)
    return Cron(
        minutes=tuple(sorted(_numbers(minute, 0, 59, {}))),
        hours=tuple(sorted(_numbers(hour, 0, 23, {}))),
        months=_numbers(month, 1, 12, _MONTHS),
        years=_numbers(year, _FIRST_YEAR, _LAST_YEAR, {}),
        day_of_month=month_day,
        day_of_week=week_day,
    )


def _month_day(part: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if part == "LW":
        return day == _nearest_weekday(day.replace(day=last))
    if part.endswith("W"):
        wanted = int(part[:-1])
        return wanted <= last and day == _nearest_weekday(day.replace(day=wanted))
    return day.day in _numbers(part, 1, 31, {})


def _week_day(part: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1  # Sunday is 1
    if part == "L":
        return number == _DAYS["SAT"]
    if "#" in part:
        name, _, nth = part.partition("#")
        return number == _number(name, 1, 7, _DAYS) and (day.day - 1) // 7 + 1 == int(nth)
    if part.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return number == _number(part[:-1], 1, 7, _DAYS) and day.day > last - 7
    return number in _numbers(part, 1, 7, _DAYS)


def _nearest_weekday(day: date) -> date:
    """Return the weekday (Monday to Friday) nearest to `day` in the same month."""
    last = calendar.monthrange(day.year, day.month)[1]
    if day.weekday() == _SATURDAY:
        return day.replace(day=day.day - 1 if day.day > 1 else day.day + 2)
    if day.weekday() == _SUNDAY:
        return day.replace(day=day.day + 1 if day.day < last else day.day - 2)
    return day


def _numbers(field: str, low: int, high: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, 1, high, {}) if slash else 1
        if span == "*":
            start, end = low, high
        elif "-" in span:
            first, _, second = span.partition("-")
            start, end = _number(first, low, high, names), _number(second, low, high, names)
        else:
            start = _number(span, low, high, names)
            end = high if slash else start
        size = high - low + 1
        stop = end if start <= end else end + size  # FRI-MON wraps around the end of the week
        found.update(low + (value - low) % size for value in range(start, stop + 1, step))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    value = names.get(text, int(text) if text.isascii() and text.isdigit() else None)
    if value is None or not low <= value <= high:
        raise BadExpression(f"{text!r} is not between {low} and {high}")
    return value
