"""The statements of any resource. Texts are made once, so that Postgres plans them once.

Every name in them comes from a resource's definition, never from a client; every value is a
parameter.
"""

# ruff: noqa: S608 - as the docstring says
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from groundwork_core.resources.page import PAGE_BYTES_MAX

if TYPE_CHECKING:
    from groundwork_core.resources.resource import Filter, Resource, ValueType

_STATE = """(SELECT row_to_json(state) FROM (SELECT s.status, s.next_poll_at, s.next_poll_reason,
    s.last_poll_at, s.last_changed_at,
    CASE WHEN s.error_class IS NOT NULL THEN
        json_build_object('class', s.error_class, 'message', s.error_message) END AS error,
    s.failures, s.polls, s.documents
    FROM source_states s WHERE s.source_id = t.id) state)"""

_MENTIONED = """(SELECT json_build_object('id', e.id, 'name', e.name, 'type', e.type)
    FROM entities e WHERE e.id = t.entity_id)"""

_LAST_USED = "(SELECT l.last_used_at FROM api_key_uses l WHERE l.api_key_id = t.id)"

COMPUTED = {
    "api-keys": {"last_used_at": _LAST_USED},
    "sources": {"state": _STATE},
    "mentions": {"entity": _MENTIONED},
    "embeddings": {"vector": "t.vector::text::json"},
}
"""Fields that no column of the resource's own table holds."""

TAGS = {
    # A poll is no edit, but it does change what is shown.
    "sources": "t.version || coalesce((SELECT '-' || s.xmin FROM source_states s"
    " WHERE s.source_id = t.id), '')"
}
"""What a representation depends on, where that is more than the version."""

CONDITIONS = {
    ("sources", "state.status"): "EXISTS (SELECT FROM source_states s"
    " WHERE s.source_id = t.id AND s.status = %s)",
    ("users", "email.folded"): "lower(t.email) = lower(%s)",
    ("relationships", "ends"): "(t.from_id = %s OR t.to_id = %s)",
}
"""Filters that are more than a comparison with a column."""

AUDITED = frozenset(
    {
        "api-keys",
        "configurations",
        "contents",
        "distributions",
        "roles",
        "sources",
        "users",
        "webhooks",
    }
)
"""Resources whose tables have audit triggers: a write that is its own transaction says who acts."""

_WHO = "WITH who AS MATERIALIZED (SELECT set_config('groundwork.actor', %s, true)) "

BEGINNINGS = {("documents", "title"): 600}
"""Sorts by texts that may be longer than an index takes: by so many characters of them."""

Direction = Literal["ASC", "DESC"]
Saying = Literal["who acts", "nothing"]

_OPERATORS = {
    "equals": "{column} = %s",
    "at_least": "{column} >= %s",
    "after": "{column} > %s",
    "before": "{column} < %s",
    "has": "{column} @> ARRAY[%s]::text[]",
    "like": "{column} ILIKE %s",
}
_CASTS: dict[ValueType, str] = {
    "text": "%s::text",
    "id": "%s::uuid",
    "number": "%s::double precision",
    "integer": "%s::bigint",
    "moment": "%s::timestamptz",
    "flag": "%s::boolean",
}


def like(text: str) -> str:
    """Make the pattern of a text that contains `text`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def places(resource: Resource, one: Filter) -> int:
    """Say how many times a filter's value stands in its condition."""
    return _condition(resource, one).count("%s")


@cache
def read(resource: Resource, *, owned: bool = False) -> str:
    """One by id: its tag and its JSON. `owned`: by whom is the last parameter, here as below."""
    return (
        f"SELECT {_tag(resource)}, {_json(resource)} FROM {_table(resource)} t"
        f" WHERE t.id = %s{_of_owner(resource, owned=owned)}"
    )


@cache
def moved_to(resource: Resource) -> str:
    """Into which one this one was merged."""
    return f"SELECT into_id::text FROM merged_{_table(resource)} WHERE id = %s"


@cache
def page(
    resource: Resource,
    filters: tuple[str, ...],
    sort: str,
    direction: Direction,
    after: str | None,
    *,
    owned: bool = False,
) -> str:
    """A page: filters by name, an order, and after what (`value`, `null`, or None: the start).

    Parameters: the place, the filters' values, the owner if `owned`, the limit. Rows whose JSON
    would pass PAGE_BYTES_MAX are NULL.
    """
    by_name = {one.name: one for one in resource.filters}
    table, conditions = _table(resource), [_condition(resource, by_name[name]) for name in filters]
    if owned:
        conditions.append(f't."{resource.owner}" = %s')
    column = sorted_by(resource, sort)
    order = f"t.id {direction}" if sort == "id" else f"{column} {direction}, t.id {direction}"
    if after is not None:
        beyond = _beyond(resource, sort, column, "<" if direction == "DESC" else ">", after)
        table = _united(table, beyond)
        conditions[:0] = beyond if len(beyond) == 1 else ()
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = _columns(resource)
    rows = f"SELECT {columns} FROM {table} t{where} ORDER BY {order} LIMIT %s"
    # OFFSET keeps Postgres from making each JSON twice.
    texts = f"SELECT row_to_json(shown)::text AS text FROM ({rows}) shown OFFSET 0"
    return (
        "SELECT CASE WHEN row_number() OVER sofar = 1"
        f" OR sum(octet_length(text)) OVER sofar <= {PAGE_BYTES_MAX} THEN text END"
        f" FROM ({texts}) item WINDOW sofar AS (ROWS UNBOUNDED PRECEDING)"
    )


def _united(table: str, alternatives: tuple[str, ...]) -> str:
    """Rows of which one of several conditions holds: each has its range of an index to read."""
    if len(alternatives) == 1:
        return table
    parts = (f"SELECT t.* FROM {table} t WHERE {one}" for one in alternatives)
    return f"({' UNION ALL '.join(parts)})"


@cache
def depends_on_values(resource: Resource, filters: tuple[str, ...]) -> bool:
    """Say whether a page is best read this way or that by what the filters look for.

    What equals a value stands together in an index; of what is above it, nobody knows how much
    there is.
    """
    by_name = {one.name: one for one in resource.filters}
    return any(by_name[name].operator != "equals" for name in filters)


@cache
def insert(resource: Resource, fields: tuple[str, ...], saying: Saying) -> str:
    """One new row, from a JSON object: Postgres turns its values into the columns' types."""
    table, names = _table(resource), _names(fields)
    first, who = _who(saying, ", who")
    return (
        f"{first}INSERT INTO {table} AS t ({names}) SELECT {names}"
        f" FROM jsonb_populate_record(NULL::{table}, %s::jsonb){who}"
        f" RETURNING {_returned(resource)}"
    )


@cache
def update(
    resource: Resource, fields: tuple[str, ...], saying: Saying, *, owned: bool = False
) -> str:
    """Columns of one row of one version, from a JSON object."""
    table = _table(resource)
    first, who = _who(saying, ", who")
    sets = ", ".join(f'"{name}" = p."{name}"' for name in fields)
    return (
        f"{first}UPDATE {table} AS t SET {sets}"
        f" FROM jsonb_populate_record(NULL::{table}, %s::jsonb) p{who}"
        f" WHERE t.id = %s AND t.version = %s{_of_owner(resource, owned=owned)}"
        f" RETURNING {_returned(resource)}"
    )


@cache
def delete(resource: Resource, saying: Saying, *, owned: bool = False) -> str:
    """One row of one version."""
    first, who = _who(saying, " USING who")
    return (
        f"{first}DELETE FROM {_table(resource)} t{who}"
        f" WHERE t.id = %s AND t.version = %s{_of_owner(resource, owned=owned)}"
        " RETURNING pg_current_xact_id()::text"
    )


def _who(saying: Saying, joined: str) -> tuple[str, str]:
    """How a statement begins that says who acts (its first parameter), and how that takes part."""
    return (_WHO, joined) if saying == "who acts" else ("", "")


def _table(resource: Resource) -> str:
    return resource.name.replace("-", "_")


def _of_owner(resource: Resource, *, owned: bool) -> str:
    return f' AND t."{resource.owner}" = %s' if owned else ""


def _names(fields: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in fields)


def _tag(resource: Resource) -> str:
    return TAGS.get(resource.name, "t.version::text")


def _json(resource: Resource) -> str:
    return f"(SELECT row_to_json(shown)::text FROM (SELECT {_columns(resource)}) shown)"


def _columns(resource: Resource) -> str:
    computed = COMPUTED.get(resource.name, {})
    return ", ".join(
        f'{computed[name]} AS "{name}"' if name in computed else f't."{name}"'
        for name in resource.columns
    )


def _returned(resource: Resource) -> str:
    return f"t.id::text, {_tag(resource)}, {_json(resource)}, pg_current_xact_id()::text"


def _condition(resource: Resource, one: Filter) -> str:
    column = one.column or one.name
    special = CONDITIONS.get((resource.name, column))
    return special or _OPERATORS[one.operator].format(column=f't."{column}"')


def sorted_by(resource: Resource, sort: str) -> str:
    """What a list is ordered by, of the row `t`."""
    return _beginning(resource, sort, f't."{sort}"')


def _beginning(resource: Resource, sort: str, text: str) -> str:
    length = BEGINNINGS.get((resource.name, sort))
    return text if length is None else f"left({text}, {length})"


def _beyond(
    resource: Resource, sort: str, column: str, sign: str, after: str
) -> tuple[str, ...]:
    """What comes after a place: conditions that exclude one another, in the list's order.

    Nulls are the greatest, as in Postgres' own indexes.
    """
    if sort == "id":
        return (f"t.id {sign} %s::uuid",)
    kind = resource.all_sorts[sort]
    value = _beginning(resource, sort, _CASTS[kind.type])
    if after == "null":
        same = f"{column} IS NULL AND t.id {sign} %s::uuid"
        return (same,) if sign == ">" else (same, f"{column} IS NOT NULL")
    further = f"({column}, t.id) {sign} ({value}, %s::uuid)"
    return (further, f"{column} IS NULL") if kind.nullable and sign == ">" else (further,)
