"""A statement has the time limit of its request, set in the same round trip."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from groundwork_core.errors import Invalid, TookTooLong
from groundwork_data.postgres.database import Database

SLEEP = "SELECT pg_sleep(%s)::text"
LIMIT = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"  # in ms


@pytest.fixture
def database(empty_database: str) -> Iterator[Database]:
    with closing(Database(empty_database, application_name="timed")) as found:
        yield found


def in_seconds(seconds: float) -> float:
    return time.monotonic() + seconds


def test_a_statement_is_stopped_when_its_time_is_over(database: Database) -> None:
    with database.stopping_at(in_seconds(0.3)), pytest.raises(TookTooLong):
        database.rows(SLEEP, (60,))


def test_a_statement_within_its_time_limit_returns_its_rows(database: Database) -> None:
    with database.stopping_at(in_seconds(60)):
        assert database.rows("SELECT %s::int, 'a' UNION ALL SELECT 2, 'b'", (1,)) == [
            (1, "a"),
            (2, "b"),
        ]
        assert database.rows("DO $$ BEGIN END $$") == []
        with pytest.raises(Invalid):
            database.rows("SELECT 'no uuid'::text::uuid")
        assert database.row("SELECT 1") == (1,)


def test_the_limit_of_a_statement_is_the_remaining_time_and_ends_with_it(
    database: Database,
) -> None:
    with database.stopping_at(in_seconds(60)):
        limit = database.row(LIMIT)
    assert limit is not None
    assert 0 < limit[0] <= 60_000
    assert database.row(LIMIT) == (0,)


def test_after_the_time_limit_no_statement_begins(database: Database) -> None:
    with database.stopping_at(in_seconds(0)), pytest.raises(TookTooLong):
        database.rows("CREATE TABLE begun ()")
    assert database.row("SELECT to_regclass('begun')") == (None,)


def test_a_lost_connection_is_opened_again(database: Database, empty_database: str) -> None:
    database.row("SELECT 1")
    with closing(Database(empty_database, application_name="other")) as other:
        other.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'timed'"
        )
    with database.stopping_at(in_seconds(60)):
        assert database.row("SELECT 1") == (1,)


def test_without_the_time_limit_a_statement_runs_to_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_data.postgres.time_limit.LIMIT", "SELECT %s")
    database.row("SELECT 1")  # connects before the time runs
    with database.stopping_at(in_seconds(0.5)):
        assert database.rows(SLEEP, (1,)) == [("",)]
