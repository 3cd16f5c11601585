"""What statements about relationships `r` share: columns, a filter as conditions, ordered lists."""

from __future__ import annotations

from collections.abc import Collection, Container

from groundwork_core.knowledge.graph.model import EVERYTHING, Direction, Id, LinkFilter

_READ_AND_BLANK = {
    "id": ("r.id::text", ""),
    "version": ("0", "0"),  # nobody is shown it, and no index has it
    "type": ("r.type", "''"),
    "from_id": ("r.from_id::text", "''"),
    "to_id": ("r.to_id::text", "''"),
    "confidence": ("r.confidence", "0.0::float8"),
    "valid_from": ("r.valid_from", "NULL"),
    "valid_to": ("r.valid_to", "NULL"),
}
INDEXED = "r.id, r.type, r.from_id, r.to_id, r.confidence, r.valid_from, r.valid_to"
"""What columns are read from; the indexes of both ends and of pairs have it all."""

_OTHER_END = {"from_id": "to_id", "to_id": "from_id"}

_ENDS: dict[Direction, tuple[str, ...]] = {
    "OUT": ("from_id",),
    "IN": ("to_id",),
    "ANY": ("from_id", "to_id"),
}

_CONDITIONS = {
    "types": "r.type = ANY(%(types)s)",
    "min_confidence": "r.confidence >= %(min_confidence)s",
    "as_of": "(r.valid_from IS NULL OR r.valid_from <= %(as_of)s)"
    " AND (r.valid_to IS NULL OR %(as_of)s < r.valid_to)",
}


def columns_of(shown: Container[str]) -> str:
    """Return the columns of a `Relationship`, in its order; empty what is not shown."""
    return ", ".join(
        read if name == "id" or f"Relationship.{name}" in shown else blank
        for name, (read, blank) in _READ_AND_BLANK.items()
    )


COLUMNS = columns_of(EVERYTHING)


def filter_of(wanted: LinkFilter) -> tuple[str, dict[str, object]]:
    """Return a condition of constants, and its parameters. The direction is not part of it."""
    given = {name: value for name, value in wanted.conditions.items() if value is not None}
    return " AND ".join(_CONDITIONS[name] for name in given) or "true", given


def surest_of(
    columns: str, direction: Direction, holds: str, places: Collection[str] = ("true",)
) -> list[str]:
    """Return the surest `limit` relationships of `one` as sub-selects to be merged.

    One for each end that counts and each range of the order, each a read of one index from a place
    on. `{other}` in `columns` becomes the column of the other end.
    """
    return [
        f"(SELECT {columns.format(other=_OTHER_END[end])} FROM relationships r"  # noqa: S608 - constants
        f" WHERE r.{end} = one.id AND {place} AND {holds}"
        " ORDER BY r.confidence DESC, r.id LIMIT %(limit)s)"
        for end in _ENDS[direction]
        for place in places
    ]


def array_of(ids: Collection[Id]) -> str:
    """Write an array as Postgres reads it; psycopg would look at each id whether to quote it."""
    return f"{{{','.join(ids)}}}"
