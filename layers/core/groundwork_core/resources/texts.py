"""Text that every part of the house can hold: no NUL, no lone surrogates, not too long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _no_nul(text: str) -> str:
    if "\x00" in text:
        message = "NUL characters cannot be stored"
        raise ValueError(message)
    return text


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Text = Annotated[str, AfterValidator(_no_nul)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_no_nul)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_no_nul)]
WebAddress = Annotated[
    str,
    StringConstraints(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+", max_length=2048),
    AfterValidator(_no_nul),
]
Moment = Annotated[datetime, AfterValidator(_aware)]
"""A time; one without an offset is taken as UTC."""
