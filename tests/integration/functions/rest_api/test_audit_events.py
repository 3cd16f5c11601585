"""Each write over HTTP logs who acted and from where, without a further round trip."""

import time
from typing import Any
from uuid import UUID

from groundwork_command.instance.accounts import open_wiring
from groundwork_core.audit.ports import AuditEntry
from groundwork_core.identity.create_user import create_user
from groundwork_core.identity.resources import ROLES
from groundwork_data.postgres import resource_sql
from groundwork_data.postgres.special_sql import SPECIAL

from .conftest import MINT, Rest

TEMPS = '{"name": "temps", "permissions": []}'
COLUMNS = ("name", "permissions")
FEED = {"kind": "interval", "every_seconds": 900}
WRITTEN_IN_TRANSACTIONS = {"preference-schemas"}
"""Not written by statements of resources: their transactions say who acts."""


def new_source(rest: Rest, name: str = "a") -> str:
    made = rest.create("sources", name=name, url=f"https://{name}.example.org/", schedule=FEED)
    return str(made.json["id"])


def test_a_write_of_several_statements_names_its_caller(rest: Rest) -> None:
    user = rest.user("editor")
    token = MINT.token(user)
    body = {"name": "a", "url": "https://a.example.org/", "schedule": FEED}
    made = rest("POST", "/api/v1/sources", body, token=token)
    (event,) = rest("GET", "/api/v1/audit-events", query={"subject_id": made.json["id"]}).json[
        "items"
    ]
    assert event["action"] == "sources.created"
    assert (event["actor"], event["actor_id"]) == (f"user:{user}", str(user))
    assert (event["address"], event["request_id"]) == ("192.0.2.1", "r")
    assert event["after"]["url"] == "https://a.example.org/"


def test_a_write_of_one_statement_names_its_caller(rest: Rest) -> None:
    """The statement itself says who acts; a role, in whatever way it is written."""
    rest("GET", "/api/v1/roles")
    before = rest.database.statements
    written = rest.parts.resources.insert(ROLES, COLUMNS, TEMPS)
    assert rest.database.statements == before + 1
    changed = rest.parts.resources.update(
        ROLES, UUID(written.id), 1, ("permissions",), '{"permissions": ["sources:read"]}'
    )
    assert changed is not None
    assert rest.parts.resources.delete(ROLES, UUID(written.id), 2) is not None
    events = rest("GET", "/api/v1/audit-events", query={"subject_id": written.id}).json["items"]
    assert [one["action"] for one in events] == ["roles.deleted", "roles.updated", "roles.created"]
    assert {one["actor"][:5] for one in events} == {"user:"}
    assert {one["request_id"] for one in events} == {"r"}


def test_a_statement_that_sets_no_actor_is_logged_as_the_systems(rest: Rest) -> None:
    """With the guard disabled."""
    rest("GET", "/api/v1/roles")
    rows = rest.database.write_texts(resource_sql.insert(ROLES, COLUMNS, "no actor"), (TEMPS,))
    events = rest("GET", "/api/v1/audit-events", query={"subject_id": str(rows[0][0])})
    assert [one["actor"] for one in events.json["items"]] == ["system"]


def test_exactly_the_audited_tables_set_the_actor_in_their_statements(rest: Rest) -> None:
    rows = rest.database.rows(
        "SELECT DISTINCT replace(tgrelid::regclass::text, '_', '-') FROM pg_trigger"
        " WHERE tgfoid = 'groundwork_write_audit'::regproc"
    )
    audited = {row[0] for row in rows}
    tables = {row[0] for row in rest.database.rows("SELECT tablename FROM pg_tables")}
    listed = {
        name for name, one in SPECIAL.items() if one.audited and name.replace("-", "_") in tables
    }
    assert audited == listed | WRITTEN_IN_TRANSACTIONS


def test_a_schema_of_preferences_is_written_by_its_caller(rest: Rest) -> None:
    path = "/api/v1/preference-schemas/digest"
    made = rest("PUT", path, {"schema": {"type": "string"}})
    assert made.status == 201, made.text
    rest("PUT", path, {"schema": {"type": "number"}})
    rest("DELETE", path)
    query = {"subject_id": made.json["id"]}
    events = rest("GET", "/api/v1/audit-events", query=query).json["items"]
    assert [one["action"].partition(".")[2] for one in events] == ["deleted", "updated", "created"]
    assert {one["actor"][:5] for one in events} == {"user:"}


def test_each_request_is_logged_with_its_own_actor(rest: Rest) -> None:
    source = new_source(rest)
    other = rest.user("admin")
    etag = rest("GET", f"/api/v1/sources/{source}").etag
    token = MINT.token(other)
    rest("DELETE", f"/api/v1/sources/{source}", token=token, headers={"If-Match": etag})
    found = rest("GET", "/api/v1/audit-events", query={"actor": f"user:{other}"}).json["items"]
    assert [one["action"] for one in found] == ["sources.deleted"]
    assert found[0]["before"]["name"] == "a"


def test_audit_events_are_filtered_by_each_parameter(rest: Rest) -> None:
    for name in ("a", "b", "c"):
        new_source(rest, name)
        time.sleep(0.05)  # more than a step back of the clock
    with rest.parts.work() as work:
        work.audit.record(AuditEntry("roles.looked_at", "roles", detail={"why": "a test"}))

    def ask(**query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = rest("GET", "/api/v1/audit-events", query=query).json["items"]
        return found

    assert len(ask(subject_type="sources")) == 3
    assert [one["detail"] for one in ask(action="roles.looked_at")] == [{"why": "a test"}]
    newest, *_, oldest = ask(subject_type="sources")
    assert ask(subject_type="sources", created_after=newest["created_at"]) == []
    later = ask(subject_type="sources", created_after=oldest["created_at"])
    earlier = ask(subject_type="sources", created_before=newest["created_at"])
    assert (len(later), len(earlier)) == (2, 2)
    assert len(ask(request_id="r", limit="200")) >= 3
    one = rest("GET", f"/api/v1/audit-events/{newest['id']}")
    assert one.json == newest


def test_the_audit_log_can_be_read_with_its_permission_and_never_written(rest: Rest) -> None:
    new_source(rest)
    for role, status in (("viewer", 403), ("editor", 403), ("service", 403), ("admin", 200)):
        token = MINT.token(rest.user(role))
        assert rest("GET", "/api/v1/audit-events", token=token).status == status
    (event,) = rest("GET", "/api/v1/audit-events", query={"action": "sources.created"}).json[
        "items"
    ]
    for method in ("POST", "PATCH", "DELETE"):
        assert rest(method, f"/api/v1/audit-events/{event['id']}", {}).status in (404, 405)
    assert rest("POST", "/api/v1/audit-events", {"action": "x"}).status == 405


def test_a_command_of_an_operator_is_logged_without_a_user(rest: Rest) -> None:
    with open_wiring({"DATABASE_URL": rest.url}) as wiring:
        made = create_user(
            "b@example.org",
            "a long and winding password",
            roles=("viewer",),
            work=wiring.work(),
            hasher=wiring.password_hasher,
        )
    (event,) = rest("GET", "/api/v1/audit-events", query={"subject_id": str(made)}).json["items"]
    assert (event["action"], event["actor"], event["actor_id"]) == (
        "users.created",
        "command",
        None,
    )
