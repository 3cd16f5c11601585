"""Validate the arguments of fields. Errors name the argument."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.model import EntityFilter, Id, LinkFilter

MAX_FIRST = 200
MAX_HOPS = 6
MAX_SUBGRAPH_DEPTH = 3
MAX_NODES = 1_000
MAX_SEEDS = 100
MAX_TYPES = 50
MAX_SEARCH = 200
MAX_KEY = 1_000

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,62}")

Arguments = Mapping[str, Any]
"""Arguments as graphql-core passes them; it has checked their types, hence Any."""


def read_id(value: str, name: str) -> Id:
    """Return an entity's id in lower case. Raises Invalid if it is not a UUID."""
    id_ = value.lower()
    if not _ID.fullmatch(id_):
        raise Invalid(f"{name} is not a UUID.")
    return id_


def read_seeds(values: Sequence[str]) -> list[Id]:
    """Return the seeds of a subgraph without duplicates. Raises Invalid."""
    if len(values) > MAX_SEEDS:
        raise Invalid(f"seeds has {len(values)} ids; at most {MAX_SEEDS} are allowed.")
    return list(dict.fromkeys(read_id(value, "seeds") for value in values))


def read_whole(arguments: Arguments, name: str, default: int, low: int, high: int) -> int:
    """Return an integer argument within its bounds; null means the default. Raises Invalid."""
    value = arguments.get(name)
    number = default if value is None else int(value)
    if not low <= number <= high:
        raise Invalid(f"{name} is {number}; it must be from {low} to {high}.")
    return number


def read_first(arguments: Arguments) -> int:
    """Return the page size. Raises Invalid."""
    return read_whole(arguments, "first", 50, 1, MAX_FIRST)


def read_link_filter(arguments: Arguments) -> LinkFilter:
    """Return the filter of the relationships to follow. Raises Invalid."""
    types: list[str] | None = arguments.get("types")
    if types is not None:
        if len(types) > MAX_TYPES:
            raise Invalid(f"types has {len(types)} names; at most {MAX_TYPES} are allowed.")
        if not all(_TYPE.fullmatch(name) for name in types):
            raise Invalid("types must contain names in UPPER_SNAKE_CASE only.")
    as_of: datetime | None = arguments.get("asOf")
    return LinkFilter(
        types=None if types is None else tuple(sorted(set(types))),
        direction=arguments.get("direction") or "ANY",
        min_confidence=_confidence(arguments),
        as_of=as_of,
    )


def read_entity_filter(arguments: Arguments) -> EntityFilter:
    """Return the filter of the entities to list. Raises Invalid."""
    given: Arguments = arguments.get("filter") or {}
    return EntityFilter(
        type=given.get("type"),
        q=_text(given.get("q"), "q", MAX_SEARCH) or None,
        min_confidence=_confidence(given),
        key=_text(given.get("key"), "key", MAX_KEY),
    )


def _confidence(arguments: Arguments) -> float | None:
    value: float | None = arguments.get("minConfidence")
    if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
        raise Invalid("minConfidence must be from 0 to 1.")
    return value


def _text(value: str | None, name: str, longest: int) -> str | None:
    if value is not None and (len(value) > longest or "\x00" in value):
        raise Invalid(f"{name} must have at most {longest} characters and no NUL.")
    return value
