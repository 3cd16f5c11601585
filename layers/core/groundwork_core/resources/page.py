"""Read the query parameters of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from uuid import UUID

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.field_types import read_moment
from groundwork_core.resources.resource import RANK, Filter, Resource, ValueType

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
SORT_DEFAULT = "-id"
"""Newest first, since ids sort by creation time. A list filtered by a time is sorted by that time,
as a scan from the newest item to an old time would be slow; one that is searched, by rank."""
PAGE_BYTES_MAX = 2_900_000
"""Maximum bytes of the items of a page, except that a page has at least one item. Lambda limits a
response to 6 MB, with the body as a JSON string, in which a quote takes two bytes."""
TEXT_MAX = 1_000
DIGITS_MAX = 18
"""Maximum digits of an integer, so that it fits into 64 bits."""
OWN = frozenset({"limit", "cursor", "sort"})

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
"""Numbers as in JSON. `float` also accepts `1_0`, spaces and digits of other scripts."""

FilterValue = str | UUID | float | int | datetime | bool


@dataclass(frozen=True, slots=True)
class After:
    """The place after which a page begins: the last item's sort value and id."""

    value: str | float | bool | None
    id: str


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A query of one page: filters, order, limit and cursor."""

    filters: tuple[tuple[Filter, FilterValue], ...]
    sort: str
    descending: bool
    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the JSON of its items, and whether more items follow."""

    items: list[str]
    more: bool


def page_query(resource: Resource, given: Mapping[str, Sequence[str]]) -> PageQuery:
    """Read query parameters.

    Raises:
        Invalid: a parameter is unknown, repeated or invalid; each fault names one.
    """
    faults: list[Fault] = []
    single: dict[str, str] = {}
    for name, values in given.items():
        if len(values) > 1:
            faults.append(Fault(f"/{name}", "is given more than once"))
        else:
            single[name] = values[0]
    filters: list[tuple[Filter, FilterValue]] = []
    for one in resource.filters:
        text = single.pop(one.name, None)
        if text is None:
            continue
        try:
            filters.append((one, _filter_value(one, text)))
        except ValueError as error:
            faults.append(Fault(f"/{one.name}", str(error)))
    limit = _limit(single.pop("limit", None), faults)
    usual = _usual_sort(resource, filters)
    sorts = {*resource.all_sorts, usual.removeprefix("-")}
    sort, descending = _sort(sorts, single.pop("sort", usual), faults)
    cursor = single.pop("cursor", None)
    faults += [Fault(f"/{name}", "is not a parameter of this list") for name in single]
    if faults:
        raise Invalid("The query parameters are invalid.", tuple(faults))
    return PageQuery(tuple(filters), sort, descending, limit, cursor)


def _limit(text: str | None, faults: list[Fault]) -> int:
    if text is None:
        return LIMIT_DEFAULT
    try:
        return read_limit(text)
    except ValueError as error:
        faults.append(Fault("/limit", str(error)))
        return LIMIT_DEFAULT


def read_limit(text: str) -> int:
    """Parse the limit of a list. Raises ValueError: it is not digits, or out of range.

    `int` also accepts `1_0`, spaces and digits of other scripts.
    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(LIMIT_MAX)):
        limit = int(text)
        if 1 <= limit <= LIMIT_MAX:
            return limit
    message = f"must be a whole number from 1 to {LIMIT_MAX}"
    raise ValueError(message)


def _usual_sort(resource: Resource, filters: Sequence[tuple[Filter, FilterValue]]) -> str:
    if any(one.operator == "search" for one, _ in filters):
        return f"-{RANK}"
    columns = (one.column for one, _ in filters if one.operator in ("after", "before"))
    time = next((column for column in columns if column in resource.all_sorts), None)
    return SORT_DEFAULT if time is None else f"-{time}"


def _sort(sorts: set[str], text: str, faults: list[Fault]) -> tuple[str, bool]:
    descending = text.startswith("-")
    name = text[1:] if descending else text
    if name not in sorts:
        known = ", ".join(sorted(sorts))
        faults.append(Fault("/sort", f"must be one of {known}, or - and one for descending order"))
    return name, descending


def _filter_value(one: Filter, text: str) -> FilterValue:
    if one.choices and text not in one.choices:
        message = f"must be one of {', '.join(one.choices)}"
        raise ValueError(message)
    return parse(one.type, text)


def parse(kind: ValueType, text: str) -> FilterValue:
    """Parse the value of a parameter.

    Raises ValueError with a message that completes a sentence beginning with the parameter's name.
    """
    if kind == "text":
        return _text(text)
    if kind == "id":
        return _id(text)
    if kind == "number":
        return _number(text)
    if kind == "integer":
        return _integer(text)
    if kind == "moment":
        return read_moment(text)
    if text not in ("true", "false"):
        message = "must be true or false"
        raise ValueError(message)
    return text == "true"


def _text(text: str) -> str:
    if len(text) > TEXT_MAX:
        message = f"must have at most {TEXT_MAX} characters"
        raise ValueError(message)
    if not text.isprintable() and any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text):
        message = "must not have NUL characters or lone surrogates"
        raise ValueError(message)
    return text


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = "must be a UUID"
        raise ValueError(message) from None


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(value):
        message = "must be a number"
        raise ValueError(message)
    return value


def _integer(text: str) -> int:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX:
        return int(text)
    message = f"must be a whole number of at most {DIGITS_MAX} digits"
    raise ValueError(message)
