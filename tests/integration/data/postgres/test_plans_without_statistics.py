"""Statements that look up known rows use an index, though the tables were never analyzed.

Prepared plans are made once. A plan made while a table was small is kept while it grows, so it must
not read the whole table.
"""

import re
from itertools import count

import psycopg
import pytest

from groundwork_data.postgres import callbacks, knowledge_sql

LOOK_UPS = {
    "entities": (knowledge_sql.UPSERT_ENTITIES, ("entities", "merged_entities")),
    "relationships": (knowledge_sql.UPSERT_RELATIONSHIPS, ("relationships",)),
    "mentions": (knowledge_sql.PUT_MENTIONS, ("documents",)),
    "deliveries": (callbacks.KNOWN, ("deliveries",)),
}
JOINED = """
WITH incoming AS (SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(key text, type text))
SELECT e.id FROM incoming i JOIN entities e ON e.key = i.key AND e.type = i.type
"""


def tables_read_whole(url: str, statement: str) -> set[str]:
    """Return the tables that the prepared plan of a statement reads from end to end."""
    places: dict[str, int] = {}
    positional = count(1)

    def numbered(found: re.Match[str]) -> str:
        name = found.group(1)
        number = places.setdefault(name, len(places) + 1) if name else next(positional)
        return f"${number}"

    prepared = re.sub(r"%(?:\((\w+)\))?s", numbered, statement)
    with psycopg.connect(url) as connection:
        # Without parameters psycopg sends the text as it is.
        plan = connection.execute(f"EXPLAIN (GENERIC_PLAN) {prepared}".encode()).fetchall()
    return set(re.findall(r"Seq Scan on (\w+)", "\n".join(line for (line,) in plan)))


@pytest.mark.parametrize("name", LOOK_UPS)
def test_known_rows_are_found_by_index(name: str, module_database_url: str) -> None:
    statement, tables = LOOK_UPS[name]
    assert tables_read_whole(module_database_url, statement).isdisjoint(tables)


def test_a_plain_join_would_read_the_whole_table(module_database_url: str) -> None:
    assert tables_read_whole(module_database_url, JOINED) == {"entities"}
