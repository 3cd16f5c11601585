"""Text that every part of the house can hold: no NUL, no lone surrogates, not too long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints


def _no_nul(text: str) -> str:
    if "\x00" in text:
        message = "NUL characters cannot be stored"
        raise ValueError(message)
    return text


def in_utc(moment: datetime) -> datetime:
    """Return a time in UTC; one without an offset is taken as that.

    Offsets of a day's length are fine in RFC 3339 and too much for Postgres, so none is passed on.

    Raises:
        ValueError: it is in no year from 1 to 9999 there.
    """
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        message = "must be in the years 1 to 9999, in UTC"
        raise ValueError(message) from None


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
Moment = Annotated[datetime, AfterValidator(in_utc)]
"""A time; one without an offset is taken as UTC."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number as JSON has it: 1.0 is one (RFC 8259 knows one kind of number)."""
