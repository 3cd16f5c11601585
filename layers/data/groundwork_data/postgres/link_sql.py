"""What statements about relationships `r` share: their columns, and a filter as conditions."""

from __future__ import annotations

from collections.abc import Collection

from groundwork_core.knowledge.graph.model import Id, LinkFilter

COLUMNS = """r.id::text, r.version, r.type, r.from_id::text, r.to_id::text, r.confidence,
    r.valid_from, r.valid_to"""
"""In the order of `Relationship`."""

_CONDITIONS = {
    "types": "r.type = ANY(%(types)s)",
    "min_confidence": "r.confidence >= %(min_confidence)s",
    "as_of": "(r.valid_from IS NULL OR r.valid_from <= %(as_of)s)"
    " AND (r.valid_to IS NULL OR %(as_of)s < r.valid_to)",
}


def filter_of(wanted: LinkFilter) -> tuple[str, dict[str, object]]:
    """Return a condition of constants, and its parameters. The direction is not part of it."""
    given = {name: value for name, value in wanted.conditions.items() if value is not None}
    return " AND ".join(_CONDITIONS[name] for name in given) or "true", given


def array_of(ids: Collection[Id]) -> str:
    """Write an array as Postgres reads it; psycopg would look at each id whether to quote it."""
    return f"{{{','.join(ids)}}}"
