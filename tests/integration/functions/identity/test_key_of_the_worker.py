"""The account and API key of reference_extractor, made at the first start."""

from collections.abc import Iterator

import pytest

from groundwork_core.clock import SystemClock
from groundwork_core.identity.api_key_format import hash_of, new_key
from groundwork_core.identity.worker_key import EMAIL, SCOPES, ensure_worker_key, replace_worker_key
from groundwork_data.postgres.callers import PostgresCallers
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, application_name="test")
    yield opened
    opened.close()


def ensure(database: Database, kept: str | None) -> str | None:
    callers = PostgresCallers(database)
    return ensure_worker_key(kept, begin_work=lambda: PostgresUnitOfWork(database), callers=callers)


def test_the_workers_key_has_the_rights_of_a_worker_and_no_other(database: Database) -> None:
    key = ensure(database, None)
    assert key is not None
    holder = PostgresCallers(database).key_holder(hash_of(key))
    assert holder is not None
    assert holder.permissions == set(SCOPES)
    assert holder.roles == ("service",)


def test_a_key_that_works_is_kept(database: Database) -> None:
    key = ensure(database, None)
    assert ensure(database, key) == key
    assert database.rows("SELECT count(*) FROM api_keys") == [(1,)]


@pytest.mark.parametrize("kept", ["unknown", "malformed", "revoked"])
def test_a_key_that_does_not_work_is_replaced(database: Database, kept: str) -> None:
    first = ensure(database, None)
    database.rows("UPDATE api_keys SET revoked_at = now() RETURNING 1")
    old = {"unknown": new_key(), "malformed": "gw_live_x", "revoked": first}[kept]
    key = ensure(database, old)
    assert key not in {None, old}
    assert ensure(database, key) == key
    assert database.rows("SELECT count(*) FROM users WHERE email = %s", (EMAIL,)) == [(1,)]


def test_a_disabled_worker_account_stays_disabled(database: Database) -> None:
    key = ensure(database, None)
    database.rows("UPDATE users SET status = 'disabled' WHERE email = %s RETURNING 1", (EMAIL,))
    assert ensure(database, key) is None


def test_a_new_key_is_stored_before_the_older_ones_are_revoked(database: Database) -> None:
    first = ensure(database, None)
    callers, seen = PostgresCallers(database), []

    def keep(key: str) -> None:
        assert first is not None
        seen.append(key)
        assert callers.key_holder(hash_of(first)) is not None

    revoked = replace_worker_key(
        keep, begin_work=lambda: PostgresUnitOfWork(database), clock=SystemClock()
    )
    assert revoked == 1
    assert first is not None
    assert callers.key_holder(hash_of(first)) is None
    assert ensure(database, seen[0]) == seen[0]
