"""Types of input fields: text that Postgres can store, times, integers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

OUT_OF_YEARS = "must be in the years 1 to 9999, in UTC"
NO_MOMENT = "must be a time as in RFC 3339, e.g. 2026-01-31T12:00:00Z"
_MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>(?:[01][0-9]|2[0-3]):[0-9]{2})"
    r"(?::(?P<second>[0-9]{2}(?:\.[0-9]{1,18})?))?"
    r"(?:[Zz]|(?P<sign>[+ -])(?P<offset>[0-9]{2}:?[0-9]{2}))?)?"
)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        message = "NUL characters cannot be stored"
        raise ValueError(message)
    return text


def in_utc(moment: datetime) -> datetime:
    """Return a time in UTC; a time without an offset is in UTC.

    RFC 3339 allows larger offsets than Postgres does, so times are converted here.

    Raises:
        ValueError: it is not in the years 1 to 9999 in UTC.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(OUT_OF_YEARS) from None


def read_moment(stated: object) -> datetime:
    """Parse a time of RFC 3339; return it in UTC.

    A date alone is midnight, and a time without an offset is in UTC. A leap second (`23:59:60`) is
    the second after it, as in Postgres. A space before the offset is an unencoded `+`, as `+` means
    a space in a query.

    Raises:
        ValueError: the value is not a time; numbers and digit strings are not times.
    """
    if isinstance(stated, datetime):
        return in_utc(stated)
    found = _MOMENT.fullmatch(stated) if isinstance(stated, str) else None
    if found is None:
        raise ValueError(NO_MOMENT)
    sign, offset, second = found["sign"], found["offset"], found["second"] or "00"
    leap = second.startswith("60")
    text = f"{found['day']}T{found['time'] or '00:00'}:{'59' + second[2:] if leap else second}"
    if offset is not None:
        text += ("-" if sign == "-" else "+") + offset
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(NO_MOMENT) from None
    return _after_leap_second(in_utc(moment)) if leap else in_utc(moment)


def _after_leap_second(before: datetime) -> datetime:
    """Return the time one second later. Raises ValueError unless a UTC day ends then."""
    if (before.hour, before.minute) != (23, 59):
        raise ValueError(NO_MOMENT)
    try:
        return before + timedelta(seconds=1)
    except OverflowError:
        raise ValueError(OUT_OF_YEARS) from None


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, AfterValidator(_no_nul)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_no_nul)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_no_nul)]
WebAddress = Annotated[
    str,
    StringConstraints(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+", max_length=2048),
    AfterValidator(_no_nul),
]
Moment = Annotated[datetime, BeforeValidator(read_moment)]
"""A time, parsed by `read_moment`."""
INTEGRAL = BeforeValidator(_whole)
"""Marks an `int`: 1.0 is accepted too, since JSON has one type of numbers (RFC 8259).

It comes after the limits, as in `Annotated[int, Field(ge=1), INTEGRAL]`: Pydantic describes a limit
that comes later as `ge`, which is not a keyword of JSON Schema."""
