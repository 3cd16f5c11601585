"""Quote names of tables and columns for statements that are composed from them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from psycopg import sql


@cache
def quoted(*parts: str) -> str:
    """Return a name as an SQL identifier; two parts are a table (or schema) and a name in it."""
    return sql.Identifier(*parts).as_string()


def listed(names: Iterable[str]) -> str:
    """Return names as identifiers, separated by commas."""
    return ", ".join(map(quoted, names))
