"""Two requests at the same time: no check is outdated when the write happens.

Each guard is also taken away, and the test then fails.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from groundwork_core.identity.model import Account
from groundwork_data.postgres.users import PostgresUsers

from ....lock_waits import lock_waits
from ....waiting import eventually
from .conftest import PASSWORD, Identity, MakeUser, Reply

Done = TypeVar("Done")

EMAIL = "ada@example.test"
WITHOUT_A_LOCK = """
CREATE OR REPLACE FUNCTION groundwork_keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE status = 'active' AND 'admin' = ANY(roles)) THEN
        RAISE EXCEPTION 'the last one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""
WITHOUT_A_ROW_LOCK = """
CREATE OR REPLACE FUNCTION groundwork_roles_exist() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.roles) r WHERE r NOT IN (SELECT name FROM roles)) THEN
        RAISE EXCEPTION 'no such role' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$
"""


@contextmanager
def begun(database_url: str, statement: str, *given: object) -> Iterator[None]:
    """Hold a transaction open that has done something; it commits at the end."""
    with psycopg.connect(database_url) as connection:
        connection.execute(statement.encode(), given)
        yield


def second(database_url: str, act: Callable[[], Done]) -> Future[Done]:
    """Do something in a thread; return when it is done or waits for a lock."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(act)
    pool.shutdown(wait=False)
    assert eventually(lambda: future.done() or lock_waits(database_url) > 0)
    return future


def run(database_url: str, statement: str, *given: object) -> Callable[[], object]:
    def act() -> object:
        with psycopg.connect(database_url) as connection:
            return connection.execute(statement.encode(), given).rowcount

    return act


def admins(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM users WHERE status = 'active' AND 'admin' = ANY(roles)"
        ).fetchone()
    assert row is not None
    count: int = row[0]
    return count


DEMOTE = "UPDATE users SET roles = '{viewer}' WHERE id = %s"


@pytest.mark.parametrize(
    "other",
    [
        DEMOTE,
        "UPDATE users SET status = 'disabled' WHERE id = %s",
        "DELETE FROM users WHERE id = %s",
    ],
)
def test_one_of_two_admins_removed_at_once_remains(
    database_url: str, make_user: MakeUser, other: str
) -> None:
    ada, bob = make_user(EMAIL, "admin"), make_user("bob@example.test", "admin")
    with begun(database_url, DEMOTE, ada):
        later = second(database_url, run(database_url, other, bob))
    with pytest.raises(errors.RestrictViolation):
        later.result(10)
    assert admins(database_url) == 1


def test_without_the_lock_both_of_two_admins_can_be_removed(
    database_url: str, make_user: MakeUser
) -> None:
    """With the guard disabled."""
    ada, bob = make_user(EMAIL, "admin"), make_user("bob@example.test", "admin")
    run(database_url, WITHOUT_A_LOCK)()
    with begun(database_url, DEMOTE, ada):
        later = second(database_url, run(database_url, DEMOTE, bob))
    later.result(10)
    assert admins(database_url) == 0


@pytest.mark.parametrize(("guard", "refused"), [("", 1), (WITHOUT_A_ROW_LOCK, 0)])
def test_a_role_cannot_be_removed_while_it_is_being_given(
    database_url: str, make_user: MakeUser, guard: str, refused: int
) -> None:
    """With the guard disabled: an account has a role that is not there."""
    user = make_user(EMAIL)
    run(database_url, "INSERT INTO roles (name, permissions) VALUES ('mine', '{}')")()
    if guard:
        run(database_url, guard)()
    with begun(database_url, "UPDATE users SET roles = '{mine}' WHERE id = %s", user):
        later = second(database_url, run(database_url, "DELETE FROM roles WHERE name = 'mine'"))
    assert isinstance(later.exception(10), errors.RestrictViolation) == bool(refused)
    with psycopg.connect(database_url) as connection:
        left = connection.execute("SELECT FROM roles WHERE name = 'mine'").rowcount
    assert left == refused


def not_held(users: PostgresUsers, user_id: UUID) -> Account | None:
    """Look without holding: the guard taken away."""
    return users.get(user_id)


@pytest.mark.parametrize("look", [PostgresUsers.held, not_held])
@pytest.mark.parametrize("how", ["refresh", "login"])
def test_ending_all_sessions_also_ends_a_login_at_the_same_time(
    new_identity: Callable[[], Identity],
    identity: Identity,
    make_user: MakeUser,
    database_url: str,
    look: Callable[[PostgresUsers, UUID], Account | None],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a password changes while somebody logs in with the old one."""
    user = make_user(EMAIL)
    token = identity.log_in(EMAIL).json["refresh_token"]
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE users SET sessions_valid_from = now() - interval '1 hour'")
    monkeypatch.setattr(PostgresUsers, "held", look)

    def come_in() -> Reply:
        return identity.refresh(token) if how == "refresh" else identity.log_in(EMAIL, PASSWORD)

    with psycopg.connect(database_url) as ending:
        PostgresUsers(ending).set_password(user, "another hash")
        # Clearly before the login, also if the clock is set back a little.
        ended_at = datetime.now(UTC) - timedelta(milliseconds=100)
        later = second(database_url, come_in)
        PostgresUsers(ending).end_sessions(user, ended_at)
    reply = later.result(10)

    came_in = reply.status == 200 and new_identity().me(reply.json["access_token"]).status == 200
    assert came_in == (look is not_held)
