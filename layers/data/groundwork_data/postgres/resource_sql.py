"""The statements of any resource. Texts are made once, so that Postgres plans them once.

Every name in them comes from a resource's definition, never from a client; every value is a
parameter.
"""

# ruff: noqa: S608 - as the docstring says
from __future__ import annotations

from functools import cache
from itertools import count, product
from typing import TYPE_CHECKING, Literal

from groundwork_core.resources.page import PAGE_BYTES_MAX
from groundwork_data.postgres.survivors import WITH_KEY, WITH_TYPE_AND_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundwork_core.resources.resource import Filter, Resource, ValueType

_STATE = """(SELECT row_to_json(state) FROM (SELECT s.status, s.next_poll_at, s.next_poll_reason,
    s.last_poll_at, s.last_changed_at,
    CASE WHEN s.error_class IS NOT NULL THEN
        json_build_object('class', s.error_class, 'message', s.error_message) END AS error,
    s.failures, s.polls, s.documents, s.feed ->> 'identity' AS identity,
    coalesce((s.feed ->> 'left_out')::int, 0) AS left_out
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
    ("sources", "state.status"): (
        "EXISTS (SELECT FROM source_states s WHERE s.source_id = t.id AND s.status = %s)",
    ),
    ("users", "email.folded"): ("lower(t.email) = lower(%s)",),
    ("relationships", "ends"): ("t.from_id = %s", "t.to_id = %s AND t.from_id <> %s"),
    ("entities", "key"): (f"t.{WITH_KEY.format(key='%s')}",),
}
"""Filters that are more than a comparison with a column. Of several conditions one holds, and only
one; each is looked up in an index of its own, which OR would not allow."""

TOGETHER = {"entities": (("type", "key"), f"t.{WITH_TYPE_AND_KEY}")}
"""Two filters that are one condition where both are given."""

FEW = frozenset({("entities", "key")})
"""Conditions that few rows fulfil, whatever the value."""

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
"""Resources whose tables have audit triggers: a write that is its own transaction says who acts.
Others say so where the actor's standing is to be checked."""

_WHO = "WITH who AS MATERIALIZED (SELECT groundwork_act_as(%s)) "

BEGINNINGS = {("documents", "title"): 600}
"""Sorts by texts that may be longer than an index takes: by so many characters of them."""

Direction = Literal["ASC", "DESC"]
Saying = Literal["who acts", "nothing"]
Measured = Literal["each", "together"]

_SO_FAR = "OVER (ROWS UNBOUNDED PRECEDING)"
_FITS: dict[Measured, str] = {
    "each": f"octet_length(text) <= {PAGE_BYTES_MAX} / {{limit}}::int",
    "together": f"row_number() {_SO_FAR} = 1"
    f" OR sum(octet_length(text)) {_SO_FAR} <= {PAGE_BYTES_MAX}",
}

_OPERATORS = {
    "equals": "{column} = %s",
    "at_least": "{column} >= %s",
    "after": "{column} > %s",
    "before": "{column} < %s",
    "has": "{column} @> ARRAY[%s]::text[]",
    "like": "groundwork_fold({column}) LIKE groundwork_fold(%s)",
}
_TYPES: dict[ValueType, str] = {
    "text": "text",
    "id": "uuid",
    "number": "double precision",
    "integer": "bigint",
    "moment": "timestamptz",
    "flag": "boolean",
}


def like(text: str) -> str:
    """Make the pattern of a text that contains `text`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


@cache
def read(resource: Resource, *, owned: bool = False) -> str:
    """One by id: its tag and its JSON. `owned`: by whom is the last parameter, here as below."""
    return (
        f"SELECT {_tag(resource)}, {_json(resource)} FROM {_table(resource)} t"
        f" WHERE t.id = %s{_of_owner(resource, owned=owned)}"
    )


@cache
def page(
    resource: Resource,
    filters: tuple[str, ...],
    sort: str,
    direction: Direction,
    after: str | None,
    measured: Measured,
    *,
    owned: bool = False,
) -> str:
    """A page: filters by name, an order, and after what (`value`, `null`, or None: the start).

    Parameters: the filters' values, the owner if `owned`, the place, the limit. What does not fit
    is NULL: measured each, items with more than their share of PAGE_BYTES_MAX, which costs
    nothing; together, those from where the page would pass it.
    """
    by_name = {one.name: one for one in resource.filters}
    column = sorted_by(resource, sort)
    numbers = map("${}".format, count(1))
    places = dict(zip(filters, numbers, strict=False))
    conditions = [
        _conditions(resource, by_name[name], number)
        for name, number in places.items()
        if name not in _joined(resource, filters)
    ]
    conditions += [(condition.format(**places),) for condition in _together(resource, filters)]
    if owned:
        conditions.append((f't."{resource.owner}" = {next(numbers)}',))
    if after is not None:
        sign = "<" if direction == "DESC" else ">"
        conditions.append(_beyond(resource, sort, column, sign, after, numbers))
    order = f"t.id {direction}" if sort == "id" else f"{column} {direction}, t.id {direction}"
    limit = next(numbers)
    end = f"ORDER BY {order} LIMIT {limit}"
    # Each of these is read in order, by an index of its own.
    parts = [
        f"SELECT {_columns(resource)} FROM {_table(resource)} t"
        f"{' WHERE ' if together else ''}{' AND '.join(together)} {end}"
        for together in product(*conditions)
    ]
    rows = parts[0]
    if len(parts) > 1:
        rows = f"SELECT t.* FROM (({') UNION ALL ('.join(parts)})) t {end}"
    # OFFSET keeps Postgres from making each JSON twice.
    texts = f"SELECT row_to_json(shown)::text AS text FROM ({rows}) shown OFFSET 0"
    fits = _FITS[measured].format(limit=limit)
    return f"SELECT CASE WHEN {fits} THEN text END FROM ({texts}) item"


@cache
def depends_on_values(resource: Resource, filters: tuple[str, ...], after: str | None) -> bool:
    """Say whether a page is best read this way or that by what is looked for.

    What equals a value begins an index that ends in the list's order, and that is the way for any
    value. How much there is beyond one, or of a rare one beyond a place, only statistics know.
    """
    wanted = [one for one in resource.filters if one.name in filters]
    simple = all(
        one.operator == "equals"
        and ((resource.name, one.column) not in CONDITIONS or (resource.name, one.name) in FEW)
        for one in wanted
    )
    return bool(wanted) and not (simple and after is None)


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
    shown = f"groundwork_answerable({_json(resource)})"
    return f"t.id::text, {_tag(resource)}, {shown}, pg_current_xact_id()::text"


def _joined(resource: Resource, filters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the filters that are one condition together, if all of them are given."""
    names, _ = TOGETHER.get(resource.name, ((), ""))
    return names if set(names) <= set(filters) else ()


def _together(resource: Resource, filters: tuple[str, ...]) -> tuple[str, ...]:
    return (TOGETHER[resource.name][1],) if _joined(resource, filters) else ()


def _conditions(resource: Resource, one: Filter, number: str) -> tuple[str, ...]:
    """What a filter asks for: conditions that exclude one another, mostly a single one."""
    column = one.column or one.name
    special = CONDITIONS.get((resource.name, column))
    conditions = special or (_OPERATORS[one.operator].format(column=f't."{column}"'),)
    return tuple(condition.replace("%s", number) for condition in conditions)


def sorted_by(resource: Resource, sort: str) -> str:
    """What a list is ordered by, of the row `t`."""
    return _beginning(resource, sort, f't."{sort}"')


def _beginning(resource: Resource, sort: str, text: str) -> str:
    length = BEGINNINGS.get((resource.name, sort))
    return text if length is None else f"left({text}, {length})"


def _beyond(
    resource: Resource, sort: str, column: str, sign: str, after: str, numbers: Iterator[str]
) -> tuple[str, ...]:
    """What comes after a place: conditions that exclude one another.

    Nulls are the greatest, as in Postgres' own indexes.
    """
    if sort == "id":
        return (f"t.id {sign} {next(numbers)}::uuid",)
    if after == "null":
        same = f"{column} IS NULL AND t.id {sign} {next(numbers)}::uuid"
        return (same,) if sign == ">" else (same, f"{column} IS NOT NULL")
    kind = resource.all_sorts[sort]
    value = _beginning(resource, sort, f"{next(numbers)}::{_TYPES[kind.type]}")
    further = f"({column}, t.id) {sign} ({value}, {next(numbers)}::uuid)"
    return (further, f"{column} IS NULL") if kind.nullable and sign == ">" else (further,)
