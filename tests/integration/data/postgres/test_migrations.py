"""Migrations run up and down, once even if several start them, and match the models."""

import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from groundwork_core.errors import Invalid
from groundwork_data.postgres import migrations, migrator_lock
from groundwork_data.postgres.migrations import migrate
from groundwork_data.postgres.tables import Row

from ....databases import temporary_database

SCRIPTS = Path(__file__).parents[4] / "migrations" / "postgres"
MIGRATOR = """
import sys
from pathlib import Path
from groundwork_data.postgres import migrations, migrator_lock
migrator_lock.MIGRATOR_LOCK += int(sys.argv[3])
migrations.migrate(sys.argv[1], Path(sys.argv[2]))
"""


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    return {row[0] for row in rows}


def test_every_migration_can_be_applied_and_undone(empty_database: str) -> None:
    done = migrate(empty_database, SCRIPTS)
    assert done.before is None
    full = tables(empty_database)
    assert migrate(empty_database, SCRIPTS, target="-1").after not in (None, done.after)
    assert migrate(empty_database, SCRIPTS, target="base").after is None
    assert tables(empty_database) == {"alembic_version"}
    assert migrate(empty_database, SCRIPTS).after == done.after
    assert tables(empty_database) == full


def test_a_second_run_does_nothing(database_url: str) -> None:
    done = migrate(database_url, SCRIPTS)
    assert done.before == done.after


def test_the_migrated_schema_equals_the_models(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Did not recognize type 'xid8'")
        rows = connection.execute(text("SELECT relname FROM pg_class WHERE relispartition"))
        partitions = {str(name) for (name,) in rows}
        options = {"include_name": lambda name, kind, _: kind != "table" or name not in partitions}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


def two_at_once(url: str, lock_offsets: tuple[int, int]) -> list[int]:
    """Migrate in two processes at the same time; return their exit codes."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATOR, url, str(SCRIPTS), str(offset)],
            stderr=subprocess.DEVNULL,
        )
        for offset in lock_offsets
    ]
    return [process.wait(timeout=60) for process in started]


def test_two_processes_at_once_migrate_once(empty_database: str) -> None:
    assert two_at_once(empty_database, (0, 0)) == [0, 0]
    assert migrate(empty_database, SCRIPTS).before is not None


def test_two_migrators_with_different_locks_collide(server_url: str) -> None:
    """With the guard disabled: the lock no longer is the same for both."""
    for _ in range(5):
        with temporary_database(server_url, f"gw_unlocked_{uuid.uuid4().hex[:12]}") as url:
            if two_at_once(url, (1, 2)) != [0, 0]:
                return
    pytest.fail("two unguarded migrators never met; the guard's test proves nothing")


def test_a_migration_releases_its_lock(database_url: str) -> None:
    migrate(database_url, SCRIPTS)
    with psycopg.connect(database_url) as connection:
        held = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND objid = %s AND datname = current_database()",
            [migrator_lock.MIGRATOR_LOCK & 0xFFFFFFFF],
        ).fetchone()
    assert held == (0,)


DOUBLED = (
    "SELECT conname FROM pg_constraint JOIN pg_class c ON c.oid = conrelid,"
    " unnest(ARRAY['ck', 'fk', 'pk', 'uq']) kind"
    " WHERE conname ~ ('^' || kind || '_' || relname || '_' || kind || '_' || relname)"
)


def test_no_constraint_has_its_prefix_twice(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute(DOUBLED).fetchall() == []
        connection.execute("ALTER TABLE jobs ADD CONSTRAINT ck_jobs_ck_jobs_x CHECK (true)")
        assert connection.execute(DOUBLED).fetchall() == [("ck_jobs_ck_jobs_x",)]


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def oddly_encoded(server_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A database that does not keep text as UTF-8, and its encoding."""
    name = f"gw_{request.param.lower()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}'"
            " LOCALE_PROVIDER libc LOCALE 'C'"
        )
        yield server_url.rsplit("/", 1)[0] + "/" + name, request.param
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_that_is_not_utf8_is_refused_before_any_table_is_created(
    oddly_encoded: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, encoding = oddly_encoded
    with pytest.raises(Invalid, match=f"{encoding}.*ENCODING 'UTF8'"):
        migrate(url, SCRIPTS)
    assert tables(url) == set()
    if encoding == "SQL_ASCII":
        # The check taken away: an error that names no cause.
        monkeypatch.setattr(migrations, "must_be_utf8", lambda _url: None)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the library makes of it
            migrate(url, SCRIPTS)
        assert not isinstance(raised.value, Invalid)


def test_the_embedded_postgres_stores_text_as_utf8(server_url: str) -> None:
    with psycopg.connect(server_url) as connection:
        assert connection.info.parameter_status("server_encoding") == "UTF8"
