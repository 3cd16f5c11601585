"""For every aggregate one write makes one version and one row of the outbox."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from groundwork_data.postgres.tables import Row
from groundwork_data.postgres.tables.row import Aggregate

Connection = psycopg.Connection[Any]

# Rows of the audit log are only inserted, and have no outbox rows.
NEVER_TOLD = {"audit_events"}
AGGREGATES = sorted(
    str(mapper.local_table)
    for mapper in Row.registry.mappers
    if issubclass(mapper.class_, Aggregate) and str(mapper.local_table) not in NEVER_TOLD
)
TOLD_AS = {"raw_engagements": "engagements"}
GUARDS = ("bump_version", "outbox_created", "outbox_updated", "outbox_deleted")


def drop_rules(connection: Connection) -> None:
    """Drop every check and foreign key, so that any row will do; the triggers stay."""
    rules = connection.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace"
        # A partition loses its rules with its parent.
        " AND coninhcount = 0"
    ).fetchall()
    for table, name in rules:
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.SQL(table), sql.Identifier(name)
            )
        )


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    """Tables without rules on values; the triggers are all there."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        drop_rules(connection)
        yield connection


def needed(database: Connection, table: str) -> dict[str, str]:
    """The columns that a row must state, with some value of their type."""
    found = database.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory"
        " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull"
        " AND NOT atthasdef AND attidentity = ''",
        (table,),
    ).fetchall()
    values = {
        "uuid": "uuidv7()",
        "jsonb": "'{}'",
        "bytea": "sha256(uuidv7()::text::bytea)",
        "text": "'some ' || uuidv7()",
        "timestamp with time zone": "now()",
        "boolean": "false",
        "vector": "'[1,2]'",
    }
    by_category = {"A": "'{}'", "N": "1"}
    return {name: values.get(kind) or by_category[category] for name, kind, category in found}


def a_life(database: Connection, table: str) -> list[tuple[str, int]]:
    """Insert, change and delete one row; return what the outbox says of it."""
    columns = needed(database, table)
    (id_,) = database.execute(  # type: ignore[misc]
        f"INSERT INTO {table} ({', '.join(['id', *columns])})"
        f" VALUES ({', '.join(['uuidv7()', *columns.values()])}) RETURNING id"
    ).fetchone()
    database.execute(f"UPDATE {table} SET version = version + 7 WHERE id = %s", (id_,))
    database.execute(f"DELETE FROM {table} WHERE id = %s", (id_,))
    return database.execute(
        "SELECT kind, version FROM outbox WHERE aggregate = %s AND aggregate_id = %s ORDER BY id",
        (TOLD_AS.get(table, table), id_),
    ).fetchall()


WHOLE = [("created", 1), ("updated", 2), ("deleted", 3)]


def test_the_database_has_all_aggregates() -> None:
    assert {"entities", "relationships", "sources", "documents", "users"} <= set(AGGREGATES)


@pytest.mark.parametrize("table", AGGREGATES)
def test_the_outbox_has_each_version_of_a_row_from_creation_to_removal(
    database: Connection, table: str
) -> None:
    assert a_life(database, table) == WHOLE


@pytest.mark.parametrize("guard", GUARDS)
def test_an_aggregate_that_lacks_a_trigger_is_noticed(database: Connection, guard: str) -> None:
    database.execute(f"ALTER TABLE sources DISABLE TRIGGER {guard}")
    assert a_life(database, "sources") != WHOLE


def test_a_table_that_is_only_declared_an_aggregate_is_noticed(database: Connection) -> None:
    database.execute(
        "CREATE TABLE forgotten (id uuid, version bigint DEFAULT 1, name text NOT NULL)"
    )
    assert a_life(database, "forgotten") == []


# Other ways to write


@pytest.fixture
def whole(database_url: str) -> Iterator[Connection]:
    """The tables as they are, with two entities and what joins them."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO entities (name, type, key) VALUES ('A', 'topic', 'a')")
        connection.execute("INSERT INTO entities (name, type, key) VALUES ('B', 'topic', 'b')")
        connection.execute(
            "INSERT INTO relationships (from_id, to_id, type) SELECT a.id, b.id, 'KNOWS'"
            " FROM entities a, entities b WHERE (a.key, b.key) = ('a', 'b')"
        )
        yield connection


GIVEN = "(VALUES ('A anew', 'topic', 'a'), ('C', 'topic', 'c')) AS given (name, type, key)"
WAYS = {
    "an upsert": f"INSERT INTO entities (name, type, key) SELECT * FROM {GIVEN}"
    " ON CONFLICT (type, key) DO UPDATE SET name = excluded.name",
    "a merge": f"MERGE INTO entities e USING {GIVEN} ON e.key = given.key"
    " WHEN MATCHED THEN UPDATE SET name = given.name"
    " WHEN NOT MATCHED THEN INSERT (name, type, key)"
    " VALUES (given.name, given.type, given.key)",
    "several in one": "WITH made AS (INSERT INTO entities (name, type) VALUES ('C', 'topic')),"
    " changed AS (UPDATE entities SET name = 'B anew' WHERE key = 'b')"
    " UPDATE relationships SET confidence = 0.5",
    "the same row twice": "DO $$ BEGIN UPDATE entities SET name = 'A 2' WHERE key = 'a';"
    " UPDATE entities SET name = 'A 3' WHERE key = 'a'; END $$",
    "what goes along": "DELETE FROM entities WHERE key = 'a'",
    "a version of one's own": "UPDATE entities SET version = 40, id = uuidv7()",
}
# An aggregate that exists has an outbox row for each version, the last one with its present
# state; a deleted one has a row that says so.
FORGOTTEN = """
WITH written AS (
    SELECT aggregate, aggregate_id AS id, array_agg(version ORDER BY version) AS versions,
        (array_agg(kind ORDER BY version DESC))[1] AS last_kind,
        (array_agg(data ORDER BY version DESC))[1] AS last
    FROM outbox WHERE aggregate IN ('entities', 'relationships') GROUP BY 1, 2
), alive AS (
    SELECT 'entities' AS aggregate, id, version,
        to_jsonb(e) - '{said_confidence,computed_confidence}'::text[] AS data FROM entities e
    UNION ALL
    SELECT 'relationships', id, version, to_jsonb(r) FROM relationships r
)
SELECT aggregate, id FROM written FULL JOIN alive USING (aggregate, id)
WHERE versions IS NULL
    OR versions <> ARRAY(SELECT generate_series(1, cardinality(versions)))::bigint[]
    OR CASE WHEN data IS NULL THEN last_kind <> 'deleted'
        ELSE last <> data OR version <> cardinality(versions) END
"""


def counted(database: Connection) -> int:
    row = database.execute("SELECT count(*) FROM outbox").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("name", WAYS)
def test_every_kind_of_write_is_announced(whole: Connection, name: str) -> None:
    before = counted(whole)
    whole.execute(WAYS[name])
    assert counted(whole) > before
    assert whole.execute(FORGOTTEN).fetchall() == []


def test_rows_that_are_copied_in_are_announced(whole: Connection) -> None:
    with whole.cursor().copy("COPY entities (name, type) FROM STDIN") as copy:
        copy.write_row(("C", "topic"))
        copy.write_row(("D", "topic"))
    assert whole.execute(FORGOTTEN).fetchall() == []


@pytest.mark.parametrize("guard", GUARDS)
def test_without_an_outbox_trigger_a_write_has_no_outbox_row(whole: Connection, guard: str) -> None:
    whole.execute(f"ALTER TABLE entities DISABLE TRIGGER {guard}")
    for name in ("several in one", "what goes along"):
        whole.execute(WAYS[name])
    assert whole.execute(FORGOTTEN).fetchall() != []


@pytest.mark.parametrize("table", AGGREGATES)
def test_a_truncate_of_an_aggregate_fails(whole: Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="nobody would be told"):
        whole.execute(f"TRUNCATE {table} CASCADE")


def test_without_the_refusing_trigger_truncate_leaves_no_outbox_row(whole: Connection) -> None:
    for table in AGGREGATES:
        whole.execute(f"ALTER TABLE {table} DISABLE TRIGGER refuse_truncate")
    whole.execute("TRUNCATE entities CASCADE")
    assert len(whole.execute(FORGOTTEN).fetchall()) == 3


def test_a_new_aggregate_refuses_truncate_too(whole: Connection) -> None:
    whole.execute("CREATE TABLE later (id uuid, version bigint DEFAULT 1)")
    whole.execute("SELECT groundwork_make_aggregate('later')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        whole.execute("TRUNCATE later")
    whole.execute("SELECT groundwork_unmake_aggregate('later')")
    whole.execute("TRUNCATE later")
