"""Parts of SQL about relationships `r`: columns, conditions, ordered lists."""

from __future__ import annotations

from collections.abc import Collection, Container

from groundwork_core.knowledge.graph.model import ALL_FIELDS, Direction, Id, LinkFilter

_READ_AND_BLANK = {
    "id": ("r.id::text", ""),
    "version": ("0", "0"),  # never shown, and part of no index
    "type": ("r.type", "''"),
    "from_id": ("r.from_id::text", "''"),
    "to_id": ("r.to_id::text", "''"),
    "confidence": ("r.confidence", "0.0::float8"),
    "valid_from": ("r.valid_from", "NULL"),
    "valid_to": ("r.valid_to", "NULL"),
}
INDEXED = "r.id, r.type, r.from_id, r.to_id, r.confidence, r.valid_from, r.valid_to"
"""Columns that the indexes of both ends and of pairs contain."""

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


def columns_of(selected: Container[str]) -> str:
    """Return the columns of a `Relationship` in order; a NULL for each that is not selected."""
    return ", ".join(
        read if name == "id" or f"Relationship.{name}" in selected else blank
        for name, (read, blank) in _READ_AND_BLANK.items()
    )


COLUMNS = columns_of(ALL_FIELDS)


def filter_of(wanted: LinkFilter) -> tuple[str, dict[str, object]]:
    """Return a filter as an SQL condition and its parameters, without its direction."""
    given = {name: value for name, value in wanted.conditions.items() if value is not None}
    return " AND ".join(_CONDITIONS[name] for name in given) or "true", given


def surest_of(
    columns: str, direction: Direction, holds: str, places: Collection[str] = ("true",)
) -> list[str]:
    """Return subselects of the `limit` most confident relationships of the entity `one`.

    One subselect for each end and each range in `places`; each reads one index in order. The caller
    merges them. `{other}` in `columns` is replaced by the column of the other end.
    """
    return [
        f"(SELECT {columns.format(other=_OTHER_END[end])} FROM relationships r"  # noqa: S608 - constants
        f" WHERE r.{end} = one.id AND {place} AND {holds}"
        " ORDER BY r.confidence DESC, r.id LIMIT %(limit)s)"
        for end in _ENDS[direction]
        for place in places
    ]


def array_of(ids: Collection[Id]) -> str:
    """Write ids as a Postgres array literal; psycopg would check each id for quoting."""
    return f"{{{','.join(ids)}}}"
