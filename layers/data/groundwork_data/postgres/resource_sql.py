"""Build the SQL of any resource. Each text is built once, so that Postgres plans it once.

The module `special_sql` has the SQL that single resources need beyond this. Every name in a
statement comes from a resource's definition, never from a client, and is quoted; every value is a
parameter.
"""

# ruff: noqa: S608 - as the docstring says
from __future__ import annotations

from functools import cache
from itertools import count, product
from typing import TYPE_CHECKING, Literal

from groundwork_core.resources.page import PAGE_BYTES_MAX
from groundwork_core.resources.resource import RANK, Sort
from groundwork_data.postgres.identifiers import listed, quoted
from groundwork_data.postgres.special_sql import special_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundwork_core.resources.resource import Filter, Resource, ValueType

SET_ACTOR = "WITH who AS MATERIALIZED (SELECT groundwork_act_as(%s)) "
"""The beginning of a write outside a transaction: its first parameter is the actor."""

Direction = Literal["ASC", "DESC"]
ActorClause = Literal["set actor", "no actor"]
Measured = Literal["each", "together"]

_SO_FAR = "OVER (ROWS UNBOUNDED PRECEDING)"
_FITS: dict[Measured, str] = {
    "each": f"octet_length(text) <= {PAGE_BYTES_MAX} / {{limit}}::int",
    "together": f"row_number() {_SO_FAR} = 1"
    f" OR sum(octet_length(text)) {_SO_FAR} <= {PAGE_BYTES_MAX}",
}

_RANKED = Sort("number")
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
    """Return the LIKE pattern of texts that contain `text`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


@cache
def read(resource: Resource, *, owned: bool = False) -> str:
    """Select the tag and the JSON of a row by id. If `owned`, the last parameter is the owner."""
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
    """Select a page, filtered and sorted.

    `after` says what the sort column of the last item of the page before is: a `value` or `null`;
    None means the first page. Parameters: the filters' values, the owner if `owned`, the place, the
    limit. An item that does not fit into the page is NULL. `measured` says how this is decided:
    `each` compares every item with its share of PAGE_BYTES_MAX, which takes no extra time;
    `together` adds up the items until the page is full.
    """
    by_name = {one.name: one for one in resource.filters}
    numbers = map("${}".format, count(1))
    places = dict(zip(filters, numbers, strict=False))
    sought = next((places[name] for name in filters if by_name[name].operator == "search"), None)
    column = sorted_by(resource, sort, sought)
    conditions = [
        _conditions(resource, by_name[name], number)
        for name, number in places.items()
        if name not in _joint_filters(resource, filters)
    ]
    conditions += [
        (condition.format(**places),) for condition in _joint_conditions(resource, filters)
    ]
    if owned:
        conditions.append((f"{_owner(resource)} = {next(numbers)}",))
    if after is not None:
        sign = "<" if direction == "DESC" else ">"
        conditions.append(_after_place(resource, sort, column, sign, after, numbers))
    limit = next(numbers)
    end = f"ORDER BY {_order(column, sort, direction)} LIMIT {limit}"
    # Each part is read in order from an index of its own.
    parts = [
        f"SELECT {shown_columns(resource, sought)} FROM {_table(resource)} t"
        f"{' WHERE ' if together else ''}{' AND '.join(together)} {end}"
        for together in product(*conditions)
    ]
    rows = parts[0]
    if len(parts) > 1:
        shown = quoted("t", RANK) if sort == RANK else column
        whole = f"ORDER BY {_order(shown, sort, direction)} LIMIT {limit}"
        rows = f"SELECT t.* FROM (({') UNION ALL ('.join(parts)})) t {whole}"
    # OFFSET 0 keeps Postgres from building each JSON twice.
    texts = f"SELECT row_to_json(shown)::text AS text FROM ({rows}) shown OFFSET 0"
    fits = _FITS[measured].format(limit=limit)
    return f"SELECT CASE WHEN {fits} THEN text END FROM ({texts}) item"


@cache
def depends_on_values(resource: Resource, filters: tuple[str, ...], after: str | None) -> bool:
    """Return whether the best plan of a page depends on the filters' values.

    It does not for filters by equality on the first page, where an index starts with the filtered
    column and has the list's order. For ranges, and for later pages, the best plan depends on how
    many rows match, and so on the values.
    """
    wanted = [one for one in resource.filters if one.name in filters]
    special = special_of(resource.name)
    simple = all(
        one.operator == "equals"
        and (one.column not in special.conditions or one.name in special.selective)
        for one in wanted
    )
    return bool(wanted) and not (simple and after is None)


@cache
def insert(resource: Resource, fields: tuple[str, ...], actor: ActorClause) -> str:
    """Insert one row from a JSON object, whose values Postgres converts to the columns' types."""
    table, names = _table(resource), listed(fields)
    first, who = _actor_clause(actor, ", who")
    return (
        f"{first}INSERT INTO {table} AS t ({names}) SELECT {names}"
        f" FROM jsonb_populate_record(NULL::{table}, %s::jsonb){who}"
        f" RETURNING {_returned(resource)}"
    )


@cache
def update(
    resource: Resource, fields: tuple[str, ...], actor: ActorClause, *, owned: bool = False
) -> str:
    """Update columns of one row from a JSON object, if the row has the given version."""
    table = _table(resource)
    first, who = _actor_clause(actor, ", who")
    sets = ", ".join(f"{quoted(name)} = {quoted('p', name)}" for name in fields)
    return (
        f"{first}UPDATE {table} AS t SET {sets}"
        f" FROM jsonb_populate_record(NULL::{table}, %s::jsonb) p{who}"
        f" WHERE t.id = %s AND t.version = %s{_of_owner(resource, owned=owned)}"
        f" RETURNING {_returned(resource)}"
    )


@cache
def delete(resource: Resource, actor: ActorClause, *, owned: bool = False) -> str:
    """Delete one row, if the row has the given version."""
    first, who = _actor_clause(actor, " USING who")
    return (
        f"{first}DELETE FROM {_table(resource)} t{who}"
        f" WHERE t.id = %s AND t.version = %s{_of_owner(resource, owned=owned)}"
        " RETURNING pg_current_xact_id()::text"
    )


def _actor_clause(actor: ActorClause, joined: str) -> tuple[str, str]:
    """Return the CTE that sets the audit actor (its first parameter), and the join that runs it."""
    return (SET_ACTOR, joined) if actor == "set actor" else ("", "")


def _table(resource: Resource) -> str:
    return quoted(special_of(resource.name).table or resource.name.replace("-", "_"))


def _of_owner(resource: Resource, *, owned: bool) -> str:
    return f" AND {_owner(resource)} = %s" if owned else ""


def _owner(resource: Resource) -> str:
    return quoted("t", resource.owner or "")


def _tag(resource: Resource) -> str:
    return special_of(resource.name).tag


def _json(resource: Resource) -> str:
    return f"(SELECT row_to_json(shown)::text FROM (SELECT {shown_columns(resource)}) shown)"


def shown_columns(resource: Resource, sought: str | None = None) -> str:
    """Return the columns of a row `t` that clients see; `sought` is the parameter of a search."""
    special = special_of(resource.name)
    computed = special.computed
    if sought is not None and special.search is not None:
        found = {RANK: special.search.rank, "highlights": special.search.highlights}
        computed = {**computed, **{name: sql.replace("%s", sought) for name, sql in found.items()}}
    return ", ".join(
        f"{computed[name]} AS {quoted(name)}" if name in computed else quoted("t", name)
        for name in resource.columns
    )


def _returned(resource: Resource) -> str:
    shown = f"groundwork_answerable({_json(resource)})"
    return f"t.id::text, {_tag(resource)}, {shown}, pg_current_xact_id()::text"


def _order(column: str, sort: str, direction: Direction) -> str:
    return f"t.id {direction}" if sort == "id" else f"{column} {direction}, t.id {direction}"


def _joint_filters(resource: Resource, filters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the filters that form one condition together, if all of them are given."""
    names, _ = special_of(resource.name).together
    return names if set(names) <= set(filters) else ()


def _joint_conditions(resource: Resource, filters: tuple[str, ...]) -> tuple[str, ...]:
    return (special_of(resource.name).together[1],) if _joint_filters(resource, filters) else ()


def _conditions(resource: Resource, one: Filter, number: str) -> tuple[str, ...]:
    """Return the conditions of a filter: one, or several that exclude one another."""
    column = one.column or one.name
    search = special_of(resource.name).search
    if one.operator == "search" and search is not None:
        return tuple(condition.replace("%s", number) for condition in search.conditions)
    special = special_of(resource.name).conditions.get(column)
    conditions = special or (_OPERATORS[one.operator].format(column=quoted("t", column)),)
    return tuple(condition.replace("%s", number) for condition in conditions)


def sorted_by(resource: Resource, sort: str, sought: str | None = None) -> str:
    """Return the SQL expression that a list is sorted by, on the row `t`."""
    search = special_of(resource.name).search
    if sort == RANK and search is not None and sought is not None:
        return search.rank.replace("%s", sought)
    return _shortened(resource, sort, quoted("t", sort))


def _shortened(resource: Resource, sort: str, text: str) -> str:
    length = special_of(resource.name).sorted_characters.get(sort)
    return text if length is None else f"left({text}, {length})"


def _after_place(
    resource: Resource, sort: str, column: str, sign: str, after: str, numbers: Iterator[str]
) -> tuple[str, ...]:
    """Return the conditions of rows after a place: one, or several that exclude one another.

    Nulls sort last, as in Postgres' indexes.
    """
    if sort == "id":
        return (f"t.id {sign} {next(numbers)}::uuid",)
    if after == "null":
        same = f"{column} IS NULL AND t.id {sign} {next(numbers)}::uuid"
        return (same,) if sign == ">" else (same, f"{column} IS NOT NULL")
    kind = resource.all_sorts.get(sort, _RANKED)
    value = _shortened(resource, sort, f"{next(numbers)}::{_TYPES[kind.type]}")
    further = f"({column}, t.id) {sign} ({value}, {next(numbers)}::uuid)"
    return (further, f"{column} IS NULL") if kind.nullable and sign == ">" else (further,)
