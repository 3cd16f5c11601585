"""A migration waits for a lock only so long, and builds an index while rows are written."""

import contextlib
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from groundwork_core.errors import Unavailable
from groundwork_data.postgres import migrations, migrator_lock
from groundwork_data.postgres.migrations import migrate

from ....waiting import eventually

SCRIPTS = Path(__file__).parents[4] / "migrations" / "postgres"
TABLE = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "0001", None, None, None
def upgrade():
    op.execute("CREATE TABLE things (id int, name text)")
def downgrade():
    op.execute("DROP TABLE things")
"""
INDEX = """
from groundwork_data.postgres.concurrent_indexes import (
    create_index_concurrently, drop_index_concurrently)
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    create_index_concurrently("ix_things_name", "things", ["name"], where="id > 0")
def downgrade():
    drop_index_concurrently("ix_things_name")
"""
COLUMN = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    op.execute("ALTER TABLE things ADD COLUMN added int")
def downgrade():
    op.execute("ALTER TABLE things DROP COLUMN added")
"""
WAIT_IN_ONE_STATEMENT = f"""
def wait(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock({migrator_lock.MIGRATOR_LOCK})")
begun = until_one_waits
"""
TRY_AGAIN_AND_AGAIN = """
def wait(url):
    roles.grant(url)
def begun(url):
    time.sleep(0.2)
"""
IMPORTS = """
import contextlib, threading, time
import psycopg
from groundwork_data.postgres import roles
from tests.lock_waits import until_one_waits
"""
BESIDE_A_WAITER = """
def waiting(url):
    # The test may end, and its database with it, while this still waits.
    with contextlib.suppress(psycopg.errors.DeadlockDetected, psycopg.errors.AdminShutdown):
        wait(url)
def start_waiter(url):
    threading.Thread(target=waiting, args=(url,), daemon=True).start()
    begun(url)
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_things_name'::regclass"


def scripts_of(folder: Path, second: str) -> Path:
    (folder / "versions").mkdir()
    shutil.copy(SCRIPTS / "env.py", folder)
    (folder / "versions" / "first.py").write_text(TABLE)
    (folder / "versions" / "second.py").write_text(second)
    return folder


@pytest.fixture
def bare_database(server_url: str) -> Iterator[str]:
    name = f"gw_bare_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield server_url.rsplit("/", 1)[0] + "/" + name
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def deadlocks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def valid(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(VALID).fetchone()
    return row == (True,)


def test_an_index_is_built_while_a_writer_holds_its_transaction(
    bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build waits for the writer longer than a lock is waited for elsewhere."""
    scripts = scripts_of(tmp_path, INDEX)
    monkeypatch.setitem(migrations.TIME_LIMITS, "lock_timeout", "100ms")
    migrate(bare_database, scripts, target="0001")
    with psycopg.connect(bare_database) as writer:
        writer.execute("INSERT INTO things VALUES (1, 'one')")
        building = threading.Thread(target=migrate, args=(bare_database, scripts))
        building.start()
        building.join(timeout=0.6)
        assert building.is_alive()
        with psycopg.connect(bare_database) as other:  # writes go on meanwhile
            other.execute("SET lock_timeout = '5s'")
            other.execute("INSERT INTO things VALUES (2, 'two')")
    building.join(timeout=30)
    assert valid(bare_database)
    assert migrate(bare_database, scripts, target="-1").after == "0001"


def test_an_interrupted_index_build_is_repeated(bare_database: str, tmp_path: Path) -> None:
    scripts = scripts_of(tmp_path, INDEX)
    migrate(bare_database, scripts, target="0001")
    with psycopg.connect(bare_database, autocommit=True) as connection:
        connection.execute("INSERT INTO things VALUES (1, 'a'), (1, 'a')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_things_name ON things (name)")
    assert not valid(bare_database)
    migrate(bare_database, scripts)
    assert valid(bare_database)


@pytest.mark.parametrize("waiter", [TRY_AGAIN_AND_AGAIN, WAIT_IN_ONE_STATEMENT])
def test_waiting_for_the_migrator_lock_does_not_block_an_index_build(
    bare_database: str, tmp_path: Path, waiter: str
) -> None:
    """The second waits in one statement, which is a deadlock."""
    start = f"def upgrade():\n    start_waiter({bare_database!r})\n"
    revision = INDEX.replace("def upgrade():\n", IMPORTS + waiter + BESIDE_A_WAITER + start)
    with contextlib.suppress(OperationalError):  # Postgres ends one of the two
        migrate(bare_database, scripts_of(tmp_path, revision))
    if waiter == TRY_AGAIN_AND_AGAIN:
        assert valid(bare_database)
        assert deadlocks(bare_database) == 0
    else:  # a session counts its deadlock when it ends
        assert eventually(lambda: deadlocks(bare_database) == 1)


def test_a_locked_table_ends_the_migration_soon_and_changes_nothing(
    bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = scripts_of(tmp_path, COLUMN)
    monkeypatch.setitem(migrations.TIME_LIMITS, "lock_timeout", "50ms")
    monkeypatch.setattr(migrations, "LOCK_PAUSE_SECONDS", 0.01)
    with psycopg.connect(bare_database, autocommit=True) as connection:
        migrate(bare_database, scripts, target="0001")
        with connection.transaction():
            connection.execute("SELECT 1 FROM things")
            with pytest.raises(Unavailable, match="after 5 attempts"):
                migrate(bare_database, scripts)
        assert migrate(bare_database, scripts).before == "0001"


def test_a_table_that_was_locked_is_migrated_on_a_later_attempt(
    bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = scripts_of(tmp_path, COLUMN)
    monkeypatch.setitem(migrations.TIME_LIMITS, "lock_timeout", "50ms")
    with psycopg.connect(bare_database, autocommit=True) as connection:
        migrate(bare_database, scripts, target="0001")
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM things")
        this, sleep = threading.get_ident(), time.sleep

        def give_up_the_lock(seconds: float) -> None:
            # Threads that other tests left behind sleep as well.
            if threading.get_ident() == this:
                connection.execute("ROLLBACK")
            else:
                sleep(seconds)

        monkeypatch.setattr(time, "sleep", give_up_the_lock)
        assert migrate(bare_database, scripts).after == "0002"


def test_waiting_for_another_migrator_ends_after_a_time(bare_database: str, tmp_path: Path) -> None:
    scripts = scripts_of(tmp_path, COLUMN)
    with psycopg.connect(bare_database) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (migrator_lock.MIGRATOR_LOCK,))
        with pytest.raises(Unavailable, match="Another process"):
            migrate(bare_database, scripts, wait_seconds=0.2)
    assert migrate(bare_database, scripts).after == "0002"


def test_migrating_to_an_older_revision_undoes_the_later_ones(
    bare_database: str, tmp_path: Path
) -> None:
    scripts = scripts_of(tmp_path, INDEX)
    assert migrate(bare_database, scripts).after == "0002"
    assert migrate(bare_database, scripts, target="0001").after == "0001"
    assert migrate(bare_database, scripts, target="0001").after == "0001"
