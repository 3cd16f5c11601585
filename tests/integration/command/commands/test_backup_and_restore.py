"""`groundwork backup` and `groundwork restore` on a real database, with clients connected."""

import json
import stat
from pathlib import Path

import psycopg
import pytest

from ....instances import run

ADD = """
INSERT INTO entities (name, type, key)
SELECT 'Entity ' || i, 'topic', md5(random()::text) FROM generate_series(1, %s) i
"""
NAMES = "SELECT count(*), count(*) FILTER (WHERE name = 'changed since') FROM entities"


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    with psycopg.connect(database_url) as connection:
        connection.execute(ADD, (100,))
    return {"DATABASE_URL": database_url}


@pytest.fixture
def saved(environment: dict[str, str], tmp_path: Path) -> Path:
    """A backup, after which an entity was renamed and one added."""
    file = tmp_path / "saved.dump"
    run("backup", str(file), environment=environment)
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("UPDATE entities SET name = 'changed since' WHERE name = 'Entity 7'")
        connection.execute(ADD, (1,))
    return file


def standing(database_url: str) -> tuple[int, int]:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(NAMES).fetchone()
    assert row
    return row[0], row[1]


def databases(database_url: str) -> set[str]:
    """The database, and what a restore may have left beside it."""
    own = database_url.rsplit("/", 1)[1]
    with psycopg.connect(database_url) as connection:
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
    return {name for name in names if name.startswith(own)}


def test_a_restored_backup_is_served_to_connected_clients(
    environment: dict[str, str], saved: Path
) -> None:
    url = environment["DATABASE_URL"]
    before = databases(url)
    with psycopg.connect(url) as client:
        assert standing(url) == (101, 1)
        done = run("restore", str(saved), "--force", "--json", environment=environment)
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
    assert json.loads(done.stdout)["file"] == str(saved)
    assert standing(url) == (100, 0)
    assert databases(url) == before

    # What comes after it is versioned, and announced to those who had everything before.
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE entities SET name = 'later' WHERE name = 'Entity 7'")
        row = connection.execute(
            "SELECT e.version, o.version FROM entities e JOIN outbox o ON o.aggregate_id = e.id"
            " WHERE e.name = 'later' AND o.xid > (SELECT max(xid) FROM outbox_cursors)"
            " ORDER BY o.id DESC LIMIT 1"
        ).fetchone()
    assert row
    assert row[0] == row[1] == json.loads(done.stdout)["epoch"]


def test_a_backup_replaces_no_file_and_a_restore_no_data_unless_told(
    environment: dict[str, str], saved: Path
) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    content = saved.read_bytes()
    refused = run("backup", str(saved), environment=environment, expect=1)
    assert "already exists" in refused.stderr
    assert saved.read_bytes() == content
    assert list(saved.parent.glob("*.part")) == []

    refused = run("restore", str(saved), environment=environment, expect=1)
    assert "--force" in refused.stderr
    assert standing(environment["DATABASE_URL"]) == (101, 1)


def test_a_truncated_backup_replaces_nothing(
    environment: dict[str, str], saved: Path, tmp_path: Path
) -> None:
    url = environment["DATABASE_URL"]
    before = databases(url)
    content = saved.read_bytes()
    torn = tmp_path / "torn.dump"
    torn.write_bytes(content[:-1500])
    refused = run("restore", str(torn), "--force", environment=environment, expect=1)
    assert "groundwork: pg_restore failed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert standing(url) == (101, 1)
    assert databases(url) == before


def test_a_file_that_is_not_a_backup_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "other"
    file.write_bytes(b"no dump at all")
    refused = run("restore", str(file), "--force", environment=environment, expect=1)
    assert "is not a backup" in refused.stderr
