"""Rights of an AI worker's database login."""

import secrets
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import create_engine, select

from groundwork_data.orm import Entity, Relationship, session
from groundwork_data.orm.sessions import _engine
from groundwork_data.postgres import tables
from groundwork_data.postgres.roles import url_of
from groundwork_data.postgres.worker_role import (
    CONFIDENTIAL,
    INSERTS,
    READS,
    UPDATES,
    WORKER_ROLE,
    ensure_worker_role,
)

ALLOWED = """
SELECT c.relname, a.attname, p.privilege FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p(privilege)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    AND has_column_privilege(%(role)s, c.oid, a.attnum, p.privilege)
"""
WHOLE = """
SELECT c.relname, p.privilege FROM pg_class c
CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN']) p(privilege)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    AND has_table_privilege(%(role)s, c.oid, p.privilege)
"""


@pytest.fixture
def login(database_url: str) -> Iterator[str]:
    """The URL of a login that is made as docs/orm.md says."""
    name, password = f"gw_worker_{uuid.uuid4().hex[:12]}", secrets.token_hex()
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE {WORKER_ROLE}")
        yield url_of(database_url, name, password)
        _engine(url_of(database_url, name, password)).dispose()
        owner.execute(f"DROP OWNED BY {name}")
        owner.execute(f"DROP ROLE {name}")


def test_the_worker_role_has_exactly_its_stated_rights(database_url: str) -> None:
    models = tables.Row.metadata.tables
    stated = {
        (table, column, "SELECT")
        for table in READS
        for column in set(models[table].columns.keys()) - CONFIDENTIAL.get(table, frozenset())
    }
    for verb, given in (("INSERT", INSERTS), ("UPDATE", UPDATES)):
        stated |= {(table, column, verb) for table, columns in given.items() for column in columns}
    with psycopg.connect(database_url) as owner:
        found = set(owner.execute(ALLOWED, {"role": WORKER_ROLE}).fetchall())
        whole = owner.execute(WHOLE, {"role": WORKER_ROLE}).fetchall()
    assert found == stated
    assert whole == []


def test_the_worker_role_reads_no_column_with_secrets() -> None:
    """A column that sounds like one belongs into CONFIDENTIAL, or its table out of READS."""
    sounds = ("secret", "password", "token", "credential", "key_hash", "sealed", "salt")
    readable = {
        f"{table}.{column}"
        for table in READS
        for column in set(tables.Row.metadata.tables[table].columns.keys())
        - CONFIDENTIAL.get(table, frozenset())
    }
    flags = {"sources.has_credentials"}
    assert not [name for name in readable - flags if any(word in name for word in sounds)]
    assert not {"users", "api_keys", "refresh_tokens", "webhooks", "publishers"} & set(READS)


def test_the_worker_role_can_read_and_write_statements(login: str, database_url: str) -> None:
    with session(login, actor="worker/1", access="write") as writing:
        a, b = Entity(name="A", type="topic"), Entity(name="B", type="topic")
        writing.add_all([a, b, Relationship(from_entity=a, to_entity=b, type="NEAR")])
        writing.flush()
        a.name = "C"
    with session(login, actor="worker/1") as reading:
        assert sorted(reading.scalars(select(Entity.name))) == ["B", "C"]
        for model in tables.Row.registry.mappers:
            if str(model.local_table) in READS:
                reading.execute(select(model.class_).limit(1)).all()
    with psycopg.connect(database_url) as owner:
        logged = owner.execute(
            "SELECT aggregate, kind FROM outbox WHERE aggregate IN ('entities', 'relationships')"
            " ORDER BY aggregate, id"
        ).fetchall()
    assert logged == [
        ("entities", "created"),
        ("entities", "created"),
        ("entities", "updated"),
        ("relationships", "created"),
    ]


REFUSED = (
    "SELECT email FROM users",
    "SELECT password_hash FROM users",
    "SELECT * FROM api_keys",
    "SELECT * FROM refresh_tokens",
    "SELECT * FROM socket_tickets",
    "SELECT * FROM signing_keys",
    "SELECT secret FROM webhooks",
    "SELECT secret FROM publishers",
    "SELECT * FROM publisher_secrets",
    "SELECT * FROM kept_answers",
    "SELECT * FROM audit_events",
    "SELECT * FROM outbox",
    "SELECT * FROM preferences",
    "SELECT * FROM deliveries",
    "SELECT lease_token FROM jobs",
    "SELECT lease_token FROM job_attempts",
    "SELECT rolpassword FROM pg_authid",
    "INSERT INTO outbox (aggregate, aggregate_id, version, kind, data)"
    " VALUES ('users', uuidv7(), 1, 'deleted', '{}')",
    "INSERT INTO documents (source_id, external_id, content_hash) VALUES (uuidv7(), 'a', 'b')",
    "INSERT INTO jobs (kind) VALUES ('a')",
    "INSERT INTO audit_events (action, actor, subject_type) VALUES ('a.b', 'c', 'd')",
    "UPDATE jobs SET status = 'cancelled'",
    "UPDATE jobs SET priority = 9",
    "UPDATE entities SET version = 7",
    "UPDATE entities SET provenance = '{}'",
    "UPDATE sources SET enabled = false",
    "UPDATE roles SET permissions = '{users:write}'",
    "UPDATE embedding_models SET dimensions = 3",
    *(f"DELETE FROM {table}" for table in sorted({*READS, "users", "outbox"})),
    "TRUNCATE entities",
    "CREATE TABLE mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE entities DISABLE TRIGGER outbox_created",
    "SET session_replication_role = replica",
    "SET ROLE groundwork_app",
    "SET ROLE pg_read_server_files",
    "CREATE ROLE other",
    "ALTER ROLE ai_worker LOGIN",
    "COPY entities TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT groundwork_begin_epoch('mine')",
)


def test_the_worker_role_may_do_nothing_else(login: str) -> None:
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)
    allowed = []
    with psycopg.connect(login, autocommit=True) as connection:
        for statement in REFUSED:
            try:
                connection.execute(statement)
            except refused:
                continue
            allowed.append(statement)
    assert allowed == []


FORGE = (
    "CREATE TEMPORARY TABLE users (id uuid, version bigint)",
    "CREATE TRIGGER outbox_created AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION groundwork_write_outbox('{}')",
    "INSERT INTO users VALUES (uuidv7(), 1)",
)


def test_a_worker_cannot_forge_an_outbox_row_through_its_own_trigger(
    login: str, database_url: str
) -> None:
    def forge() -> None:
        with psycopg.connect(login) as connection:
            for statement in FORGE:
                connection.execute(statement)

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="groundwork_write_outbox"):
        forge()
    with psycopg.connect(database_url, autocommit=True) as owner:
        # With the guard disabled.
        owner.execute("GRANT EXECUTE ON FUNCTION groundwork_write_outbox() TO PUBLIC")
        forge()
        logged = owner.execute(
            "SELECT aggregate, kind FROM outbox WHERE aggregate = 'users'"
        ).fetchall()
    assert logged == [("users", "created")]


def test_a_trigger_with_the_workers_rights_cannot_write_the_outbox(
    login: str, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ALTER FUNCTION groundwork_write_outbox() SECURITY INVOKER")
    with (
        psycopg.connect(login) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="outbox"),
    ):
        connection.execute("INSERT INTO entities (name, type) VALUES ('A', 'topic')")


def test_the_worker_roles_rights_are_granted_again_and_others_revoked(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"GRANT SELECT ON users TO {WORKER_ROLE}")
        owner.execute(f"REVOKE ALL ON documents FROM {WORKER_ROLE}")
        owner.execute("ALTER TABLE documents ADD COLUMN later int")
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        ensure_worker_role(connection)
    engine.dispose()
    with psycopg.connect(database_url) as owner:
        found = set(owner.execute(ALLOWED, {"role": WORKER_ROLE}).fetchall())
    assert ("documents", "later", "SELECT") in found
    assert not [one for one in found if one[0] == "users"]


def test_the_role_itself_has_neither_login_nor_password(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        found = owner.execute(
            "SELECT rolcanlogin, rolpassword, rolsuper FROM pg_authid WHERE rolname = %s",
            (WORKER_ROLE,),
        ).fetchone()
    assert found == (False, None, False)


def test_a_worker_cannot_remove_polls(database_url: str, login: str) -> None:
    """The function that drops their partitions runs with its owner's rights."""
    call = "SELECT groundwork_keep_polls(current_date, 1)"
    with psycopg.connect(login) as worker, pytest.raises(psycopg.errors.InsufficientPrivilege):
        worker.execute(call)
    with psycopg.connect(database_url) as owner:
        assert owner.execute(call).fetchone() is not None
