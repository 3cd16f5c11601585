"""Run the statements of a store through libpq, with types as psycopg converts them.

For stores whose statements are frequent: a statement with its rows takes 0.03 ms of CPU instead of
the 0.09 to 0.13 of psycopg's cursor (docs/decisions/0124-stores-without-cursors.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from psycopg.adapt import Transformer
from psycopg.types.json import Jsonb

from groundwork_data.postgres.parameters import Parameters, array_literal
from groundwork_data.postgres.prepared import as_text, load_rows, numbered

if TYPE_CHECKING:
    from groundwork_data.postgres.prepared import PreparedTexts

Row = tuple[Any, ...]
_NAMED = re.compile(r"%\((\w+)\)s")
_INT4_MAX = 2**31 - 1
# Types in Postgres' catalogue: of a value, and of an array of such values.
_INFERRED, _INT4, _INT8 = (0, 0), (23, 1016), (20, 1016)
_TYPES: tuple[tuple[type, tuple[int, int]], ...] = (
    (str, _INFERRED),
    (UUID, (2950, 2951)),
    (Jsonb, (3802, 3807)),
    (bool, (16, 1000)),
    (int, _INT4),
    (float, (701, 1022)),
    (datetime, (1184, 1185)),
)


class Rows(Protocol):
    """The rows of a statement."""

    def fetchall(self) -> list[Row]:
        """Return all rows."""
        ...

    def fetchone(self) -> Row | None:
        """Return the first row, or None."""
        ...

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        ...


class Executes(Protocol):
    """Runs statements, as psycopg's connections and `TypedConnection` do."""

    def execute(self, query: str, params: Parameters = None, /) -> Rows:
        """Run one statement."""
        ...


class FetchedRows(list[Row]):
    """All rows of a statement; empty if it returns none."""

    def fetchall(self) -> list[Row]:
        """Return all rows."""
        return self

    def fetchone(self) -> Row | None:
        """Return the first row, or None."""
        return self[0] if self else None


class TypedConnection:
    """Implements `Executes` for the statements of one transaction."""

    def __init__(self, prepared: PreparedTexts) -> None:
        """`prepared` runs and keeps the statements of the transaction's connection."""
        self._prepared = prepared
        self._transformer = Transformer(prepared.connection)

    def execute(self, query: str, params: Parameters = None, /) -> FetchedRows:
        """Run one statement and return its rows.

        Parameters are written as `%s` or `%(name)s`; they are texts, numbers, bools, UUIDs, aware
        datetimes, Jsonb, None, and lists of these.

        Raises:
            psycopg.Error: the server's error; OperationalError when the connection was lost;
                DataError for a text with a NUL character.
        """
        if isinstance(params, dict):
            text, names = _by_name(query)
            bound = [_bound(params[name]) for name in names]
        else:
            text, bound = numbered(query), [_bound(value) for value in params or ()]
        values, types = zip(*bound, strict=True) if bound else ((), ())
        result = self._prepared.result(text, values, types)
        return FetchedRows(load_rows(self._transformer, result))


@cache
def _by_name(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Replace each `%(name)s` by `$1`, `$2`, …; return the names in the order of their numbers."""
    names = tuple(dict.fromkeys(_NAMED.findall(sql)))
    text = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return text.replace("%%", "%").encode(), names


def _bound(value: object) -> tuple[bytes | None, int]:
    """Return a parameter as Postgres reads it, and its type."""
    if value is None:
        return None, 0
    if isinstance(value, list):
        first = next((item for item in value if item is not None), None)
        items = [None if item is None else _written(item) for item in value]
        return as_text(array_literal(items)), _type(first)[1]
    return as_text(_written(value)), _type(value)[0]


def _type(value: object) -> tuple[int, int]:
    """Return the type of a value, and that of an array of such values."""
    if isinstance(value, int) and abs(value) > _INT4_MAX:
        return _INT8
    for kind, types in _TYPES:
        if isinstance(value, kind):
            return types
    if value is None:
        return _INFERRED
    message = f"a parameter of type {type(value).__name__} is not supported"
    raise TypeError(message)


def _written(value: object) -> str:
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    return str(value)
