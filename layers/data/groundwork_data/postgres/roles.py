"""The database role that functions connect with: its privileges and its time limits.

The owner of the tables migrates them; functions can only read and write rows. So a faulty function
cannot change the schema, the triggers or the audit log, read files, or switch to another role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from groundwork_data.postgres.migrations import CONNECT_TIMEOUT_SECONDS
from groundwork_data.postgres.migrator_lock import MIGRATOR_LOCK, take_migrator_lock

if TYPE_CHECKING:
    from typing import Any

APP_ROLE = "groundwork_app"
LIMITS: Mapping[str, str] = {
    # The timeout of the longest function; queries of requests have a shorter limit of their own.
    "statement_timeout": "180s",
    "idle_in_transaction_session_timeout": "60s",
    # Ends a query soon after its environment was killed.
    "client_connection_check_interval": "2s",
}
APPENDED = ("audit_events",)
"""Tables whose rows are inserted and never changed."""
READ_ONLY = ("alembic_version", "embedding_models", "engagement_retention", "epochs")
"""Tables that only migrations and functions in the database write."""

EVERY = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # For tables and sequences of later migrations.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
GRANTED = """
SELECT DISTINCT grantee FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND table_name = 'outbox' AND privilege_type = 'INSERT'
    AND grantee NOT IN ('PUBLIC', current_user)
"""


def ensure_app_role(owner_url: str, password: str, role: str = APP_ROLE) -> str:
    """Create the role, grant its privileges in a migrated database, and return its URL.

    Idempotent; called at every start. Raises psycopg.Error if the owner may not create roles.
    """
    with _as_owner(owner_url) as connection:
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        verb = "CREATE" if known is None else "ALTER"
        hashed = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        connection.execute(
            sql.SQL(
                verb + " ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                " NOBYPASSRLS PASSWORD {password}"
            ).format(role=sql.Identifier(role), password=sql.Literal(hashed))
        )
        _grant(connection, role)
    return url_of(owner_url, role, password)


def ensure_given_role(owner_url: str, url: str) -> None:
    """Grant the role of a URL its privileges; create it with the URL's password if it is missing.

    The password of an existing role does not change. Raises psycopg.Error if the owner may not
    create roles.
    """
    role = user_of(url)
    with psycopg.connect(owner_url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is not None:
        grant(owner_url, role)
    else:
        password = psycopg.conninfo.conninfo_to_dict(url).get("password")
        ensure_app_role(owner_url, str(password or ""), role)


def grant(owner_url: str, *roles: str) -> None:
    """Grant existing roles their privileges in a migrated database; idempotent.

    If the owner may not alter the roles, their time limits do not change.
    """
    with _as_owner(owner_url) as connection:
        for role in roles:
            _grant(connection, role)


def granted(owner_url: str) -> tuple[str, ...]:
    """Return the roles that have the privileges of functions in a database."""
    with psycopg.connect(owner_url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
        return tuple(row[0] for row in connection.execute(GRANTED))


def user_of(url: str) -> str:
    """Return the role that a URL connects as."""
    return str(psycopg.conninfo.conninfo_to_dict(url).get("user") or "")


def url_of(url: str, role: str, password: str) -> str:
    """Return a URL of the same database for another role."""
    parts = urlsplit(url)
    netloc = f"{quote(role)}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


def _grant(connection: psycopg.Connection[Any], role: str) -> None:
    name = sql.Identifier(role)
    for statement in EVERY:
        connection.execute(sql.SQL(statement).format(role=name))
    for table, kinds in _exceptions():
        connection.execute(
            sql.SQL("REVOKE " + kinds + " ON {table} FROM {role}").format(
                table=sql.Identifier("public", table), role=name
            )
        )
    try:
        with connection.transaction():
            for setting, value in LIMITS.items():
                connection.execute(
                    sql.SQL("ALTER ROLE {role} SET {setting} = {value}").format(
                        role=name, setting=sql.Identifier(setting), value=sql.Literal(value)
                    )
                )
    except psycopg.errors.InsufficientPrivilege:
        pass  # the database's administrator manages this role and sets its limits


def _exceptions() -> Iterator[tuple[str, str]]:
    for table in APPENDED:
        yield table, "UPDATE, DELETE"
    for table in READ_ONLY:
        yield table, "INSERT, UPDATE, DELETE"


def _as_owner(url: str) -> psycopg.Connection[Any]:
    """Connect as the owner; the session holds the migrator's lock until it is closed."""
    connection = psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS, autocommit=True)
    try:
        take_migrator_lock(lambda: _try_lock(connection))
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _try_lock(connection: psycopg.Connection[Any]) -> bool:
    taken = connection.execute("SELECT pg_try_advisory_lock(%s)", (MIGRATOR_LOCK,)).fetchone()
    return bool(taken and taken[0])
