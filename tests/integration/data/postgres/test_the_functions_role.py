"""Rights of the functions' database role."""

import secrets
import time
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from groundwork_data.postgres import roles

LEARN = "SELECT groundwork_learn_embedding_model('model', 3)"


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    """A role of this test's own: roles belong to the server, which tests share."""
    name = f"gw_functions_{uuid.uuid4().hex[:12]}"
    yield name
    with psycopg.connect(database_url, autocommit=True) as owner:
        if owner.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")


@pytest.fixture
def url(database_url: str, role: str) -> str:
    """The URL with which functions connect to the migrated database."""
    return roles.ensure_app_role(database_url, secrets.token_urlsafe(), role)


def test_the_functions_role_can_read_and_write_rows(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO sources (name, url, schedule) VALUES ('A', 'https://a.test/', %s)",
            ('{"kind": "interval", "every_seconds": 900}',),
        )
        connection.execute("UPDATE sources SET name = 'B'")
        connection.execute("DELETE FROM sources")
        kinds = connection.execute(
            "SELECT kind FROM outbox WHERE aggregate = 'sources' ORDER BY id"
        )
        assert [row[0] for row in kinds] == ["created", "updated", "deleted"]
        logged = connection.execute(
            "SELECT action FROM audit_events WHERE subject_type = 'sources' ORDER BY id"
        )
        assert [row[0] for row in logged] == [
            f"sources.{what}" for what in ("created", "updated", "deleted")
        ]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE users ADD COLUMN more text",
        "DROP TABLE outbox",
        "TRUNCATE outbox",
        "CREATE INDEX ON users (name)",
        "ALTER TABLE audit_events DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON audit_events",
        "SET session_replication_role = replica",
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "UPDATE alembic_version SET version_num = '0001'",
        "INSERT INTO embedding_models (name, dimensions) VALUES ('x', 3)",
        "DELETE FROM epochs",
        "SELECT groundwork_begin_epoch('mine')",
        "SELECT rolpassword FROM pg_authid",
        "COPY users TO PROGRAM 'cat'",
        "COPY users FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE other",
        "CREATE DATABASE other",
        "ALTER SYSTEM SET log_statement = 'all'",
        "SET ROLE pg_read_server_files",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_the_functions_role_may_do_nothing_else(
    url: str, database_url: str, statement: str
) -> None:
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_owner_may_do_what_the_functions_role_may_not(database_url: str) -> None:
    """With the guard disabled: as the role that functions had before."""
    with psycopg.connect(database_url) as connection:
        for statement in (
            "CREATE TABLE mine (id int)",
            "TRUNCATE outbox",
            "ALTER TABLE audit_events DISABLE TRIGGER append_only",
            "DELETE FROM audit_events",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_read_file('/etc/passwd')",
        ):
            connection.execute(statement)
        connection.rollback()


def test_tables_of_later_migrations_are_granted_automatically(url: str, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE later (id bigserial, text text)")
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO later (text) VALUES ('a')")
        assert connection.execute("SELECT text FROM later").fetchall() == [("a",)]


def test_a_models_first_vector_makes_its_index(url: str, database_url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(LEARN)
        found = connection.execute(
            "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'ix_embeddings_near_%'"
        ).fetchone()
        assert found == (1,)
        connection.rollback()
    # Without the owner's rights it could not.
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "ALTER FUNCTION groundwork_learn_embedding_model(text, bigint) SECURITY INVOKER"
        )
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(LEARN)


def test_a_function_with_its_owners_rights_has_a_fixed_search_path(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT proname, proconfig[1] FROM pg_proc WHERE prosecdef"
            " AND pronamespace = 'public'::regnamespace ORDER BY proname"
        ).fetchall()
    fixed = "search_path=public, pg_temp"
    assert found == [
        (f"groundwork_{name}", fixed)
        for name in ("keep_engagements", "keep_polls", "learn_embedding_model", "write_outbox")
    ]


def test_queries_of_the_functions_role_have_time_limits(url: str) -> None:
    with psycopg.connect(url) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in roles.LIMITS}
    assert shown == {
        "statement_timeout": ("3min",),
        "idle_in_transaction_session_timeout": ("1min",),
        "client_connection_check_interval": ("2s",),
    }


def test_postgres_ends_the_query_of_a_killed_environment(url: str, database_url: str) -> None:
    abandoned = psycopg.connect(url)
    pid = abandoned.info.backend_pid
    abandoned.pgconn.send_query(b"SELECT pg_sleep(600)")
    abandoned.pgconn.flush()
    abandoned.pgconn.finish()
    ends = time.monotonic() + 60
    with psycopg.connect(database_url, autocommit=True) as owner:
        while owner.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
            assert time.monotonic() < ends, "the query still runs"
            time.sleep(0.1)


def test_an_existing_role_gets_the_rights_and_a_second_start_changes_nothing(
    database_url: str, role: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'a-word-for-it'")
    assert roles.granted(database_url) == ()
    for _ in range(2):
        roles.grant(database_url, role)
    assert roles.granted(database_url) == (role,)
    url = roles.url_of(database_url, role, "a-word-for-it")
    assert roles.user_of(url) == role
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_a_password_with_any_characters_fits_into_a_url(database_url: str, role: str) -> None:
    url = roles.ensure_app_role(database_url, "a:b@c/d?e#f%20 é", role)
    psycopg.connect(url).close()


def test_the_roles_password_is_not_sent_in_plain(
    database_url: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def watched(self: psycopg.Connection, query: object, *rest: object, **named: object) -> object:
        sent.append(str(query))
        return execute(self, query, *rest, **named)  # type: ignore[call-overload]  # as given

    monkeypatch.setattr(psycopg.Connection, "execute", watched)
    roles.ensure_app_role(database_url, "hush-hush-hush", role)
    assert any("SCRAM-SHA-256" in one for one in sent)
    assert not [one for one in sent if "hush" in one]
