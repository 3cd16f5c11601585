"""Statements that look up known rows use an index, though the tables were never analyzed.

Prepared plans are made once. A plan made while a table was small is kept while it grows, so it must
not read the whole table.
"""

import re
from itertools import count

import psycopg
import pytest

from groundwork_data.postgres import callback_one_sql, callback_sql, knowledge_sql, unit_of_work

LOOK_UPS = {
    "entities": (knowledge_sql.UPSERT_ENTITIES, ("entities", "merged_entities")),
    "relationships": (knowledge_sql.UPSERT_RELATIONSHIPS, ("relationships",)),
    "mentions": (knowledge_sql.PUT_MENTIONS, ("documents",)),
}
JOINED = """
WITH incoming AS (SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(key text, type text))
SELECT e.id FROM incoming i JOIN entities e ON e.key = i.key AND e.type = i.type
"""


ONE_ROW_EACH = """
INSERT INTO entities (name, key, type) VALUES ('One', 'one', 'topic');
INSERT INTO relationships (from_id, to_id, type) SELECT id, id, 'RELATED_TO' FROM entities;
INSERT INTO merged_entities (id, into_id, key, type, was, moved, carried)
    SELECT uuidv7(), id, 'was one', 'topic', '{}', '{}', '{}' FROM entities WHERE key = 'one';
ANALYZE entities, relationships, merged_entities;
INSERT INTO publishers (name) VALUES ('One');
INSERT INTO contents (title) VALUES ('One');
INSERT INTO distributions (content_id, channel) SELECT id, 'email' FROM contents;
INSERT INTO deliveries (distribution_id, recipient) SELECT id, 'one' FROM distributions;
ANALYZE publishers, distributions, deliveries
"""
CALLBACKS = {
    "one new": callback_one_sql.TAKE_ONE_NEW,
    "one known": callback_one_sql.TAKE_ONE_KNOWN,
    "new": callback_sql.TAKE_NEW,
    "known": callback_sql.TAKE_KNOWN,
}
OF_CALLBACKS = {"publishers", "distributions", "deliveries"}


def tables_read_whole(url: str, statement: str, *before: str) -> set[str]:
    """Return the tables that the prepared plan of a statement reads from end to end.

    It is planned after the statements `before`, in a transaction that is undone.
    """
    places: dict[str, int] = {}
    positional = count(1)

    def numbered(found: re.Match[str]) -> str:
        name = found.group(1)
        number = places.setdefault(name, len(places) + 1) if name else next(positional)
        return f"${number}"

    prepared = re.sub(r"%(?:\((\w+)\))?s", numbered, statement)
    with psycopg.connect(url) as connection, connection.transaction(force_rollback=True):
        for one in before:
            connection.execute(one)
        # Without parameters psycopg sends the text as it is.
        plan = connection.execute(f"EXPLAIN (GENERIC_PLAN) {prepared}".encode()).fetchall()
    return set(re.findall(r"Seq Scan on (\w+)", "\n".join(line for (line,) in plan)))


@pytest.mark.parametrize("name", LOOK_UPS)
def test_look_ups_of_known_rows_use_an_index(name: str, module_database_url: str) -> None:
    statement, tables = LOOK_UPS[name]
    assert tables_read_whole(module_database_url, statement).isdisjoint(tables)


def test_a_plain_join_to_known_ids_reads_the_whole_table(module_database_url: str) -> None:
    assert tables_read_whole(module_database_url, JOINED) == {"entities"}


@pytest.mark.parametrize("name", ["entities", "relationships"])
def test_a_plan_made_while_there_is_one_row_reads_by_index(
    name: str, module_database_url: str
) -> None:
    statement, tables = LOOK_UPS[name]
    before = ONE_ROW_EACH, unit_of_work.KEPT_PLANS.decode()
    assert tables_read_whole(module_database_url, statement, *before).isdisjoint(tables)


@pytest.mark.parametrize("name", ["entities", "relationships"])
def test_without_the_setting_a_plan_made_for_one_row_reads_the_whole_table(
    name: str, module_database_url: str
) -> None:
    statement, tables = LOOK_UPS[name]
    assert name in tables_read_whole(module_database_url, statement, ONE_ROW_EACH) & set(tables)


@pytest.mark.parametrize("name", CALLBACKS)
def test_the_plan_of_a_callback_made_while_there_is_one_row_reads_by_index(
    name: str, module_database_url: str
) -> None:
    before = ONE_ROW_EACH, callback_sql.KEPT_PLAN.decode()
    assert tables_read_whole(module_database_url, CALLBACKS[name], *before).isdisjoint(OF_CALLBACKS)


@pytest.mark.parametrize("name", CALLBACKS)
def test_without_its_settings_the_plan_of_a_callback_reads_whole_tables(
    name: str, module_database_url: str
) -> None:
    assert tables_read_whole(module_database_url, CALLBACKS[name], ONE_ROW_EACH) & OF_CALLBACKS
