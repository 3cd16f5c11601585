"""The database bounds every column that a response shows."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from groundwork_core.resources.bounded_json import JSON_BYTES_MAX
from groundwork_core.resources.resource import Resource
from groundwork_data.postgres.special_sql import special_of
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.resources import ResourceRoutes

from .conftest import Rest
from .long_things import made
from .test_long_responses import ANSWER_BYTES_MAX, sent


def shown_columns() -> Iterator[tuple[str, str]]:
    """Return every table and column that a resource shows."""
    found: dict[str, Resource] = {}
    for one in router.operations:
        routes = getattr(one.handler, "__self__", None)
        if isinstance(routes, ResourceRoutes):
            found[routes.resource.name] = routes.resource
    assert len(found) > 14
    for name, resource in found.items():
        computed = special_of(name).computed
        for column in resource.columns:
            if column not in computed:
                yield name.replace("-", "_"), column


BOUND_OTHERWISE = {
    ("audit_events", "before"): "made of rows that are bounded",
    ("audit_events", "after"): "the same",
    ("audit_events", "detail"): "names of columns",
    ("audit_events", "actor"): "an id",
    ("audit_events", "address"): "an address",
    ("audit_events", "request_id"): "an id of the gateway's",
    ("audit_events", "subject_type"): "a table's name",
    ("api_keys", "scopes"): "permissions that there are",
    ("roles", "permissions"): "permissions that there are",
    ("embeddings", "model"): "a name that embedding_models has",
    ("users", "roles"): "fifty names of roles",
    ("sources", "tags"): "fifty words",
    ("webhooks", "events"): "a hundred words",
    ("relationships", "type"): "a pattern",
}


def test_the_database_bounds_every_column_that_a_response_shows(shared_rest: Rest) -> None:
    with psycopg.connect(shared_rest.url) as connection:
        types = {
            (table, column): kind
            for table, column, kind in connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            )
        }
        rules = connection.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid), convalidated"
            " FROM pg_constraint WHERE contype = 'c'"
        ).fetchall()
    long = {"text", "jsonb", "ARRAY"}
    unbound = []
    for table, column in shown_columns():
        if types[table, column] not in long or (table, column) in BOUND_OTHERWISE:
            continue
        said = [rule for of, rule, valid in rules if of == table and valid and column in rule]
        bounds = ("length(", "octet_length(", " = ANY ", " ~ ", "schedule ->> 'kind'")
        if not any(bound in rule for rule in said for bound in bounds):
            unbound.append(f"{table}.{column}")
    assert unbound == []


@pytest.mark.parametrize(
    ("table", "column"),
    [("entities", "attributes"), ("jobs", "result"), ("jobs", "payload"), ("contents", "metadata")],
)
def test_the_database_bounds_values_that_bypass_the_api(
    shared_rest: Rest, table: str, column: str
) -> None:
    made(shared_rest, table)
    with (
        psycopg.connect(shared_rest.url) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match=f"ck_{table}_{column}_bytes"),
    ):
        connection.execute(
            f"UPDATE {table} SET {column} = %s", [json.dumps({"a": "x" * JSON_BYTES_MAX})]
        )


def test_the_sum_of_all_fields_is_bounded_before_a_row_is_stored(rest: Rest) -> None:
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE contents DROP CONSTRAINT ck_contents_body_bytes")
    body, more = "é" * 1_000_000, {"a": "x" * 990_000}
    reply = made(rest, "contents", body=body, metadata=more)
    assert (reply.status, reply.pointers) == (422, {""}), reply.text[:300]
    assert rest("GET", "/api/v1/contents").json["items"] == []


def test_without_bounds_one_row_makes_a_list_too_long_to_be_sent(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guards disabled."""
    with psycopg.connect(rest.url, autocommit=True) as connection:
        for rule in ("body", "metadata"):
            connection.execute(f"ALTER TABLE contents DROP CONSTRAINT ck_contents_{rule}_bytes")
        connection.execute(
            "CREATE OR REPLACE FUNCTION groundwork_answerable(shown text) RETURNS text"
            " LANGUAGE sql AS 'SELECT shown'"
        )
    monkeypatch.setattr("groundwork_core.resources.bounded_json.json_bytes", lambda *_texts: 0)
    assert made(rest, "contents", body="\x01" * 1_000_000).status == 201
    assert sent(rest("GET", "/api/v1/contents").text) > ANSWER_BYTES_MAX
