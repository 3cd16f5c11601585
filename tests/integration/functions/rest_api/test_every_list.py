"""Lists of every resource: pages cover all rows once, and use an index."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from groundwork_core.resources.resource import Resource
from groundwork_data.postgres import resource_sql
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.resources import ResourceRoutes

from ...data.postgres.test_every_write_is_in_the_outbox import drop_rules, needed
from .conftest import Rest
from .test_lists import walk

Connection = psycopg.Connection[Any]
RESOURCES: dict[str, Resource] = {
    routes.resource.name: routes.resource
    for operation in router.operations
    if isinstance(routes := getattr(operation.handler, "__self__", None), ResourceRoutes)
}
SORTS = [(name, sort) for name, one in RESOURCES.items() for sort in one.all_sorts]
TIED = {
    "moment": "'2026-01-01'::timestamptz + interval '1 day' * (({n} + 1) / 2)",
    "number": "({n} + 1) / 2 / 4.0",
    "integer": "({n} + 1) / 2",
    "flag": "{n} > 2",
    "text": "'value ' || {n}",
    "id": "uuidv7()",
}
"""Values for the fields that lists are sorted by; rows of two pages share one."""
INDEXES = """
SELECT array(SELECT pg_get_indexdef(indexrelid, n, true) FROM generate_series(1, indnkeyatts) n)
FROM pg_index WHERE indrelid = %s::regclass AND indisvalid AND indpred IS NULL
"""


def table_of(resource: Resource) -> str:
    return resource.name.replace("-", "_")


def add_rows(connection: Connection, resource: Resource) -> None:
    """Insert five rows; the last two have nothing where that may be."""
    table = table_of(resource)
    for n in range(5):
        values = needed(connection, table) | {"id": "uuidv7()"}
        for name, sort in resource.all_sorts.items():
            if name not in ("id", "created_at", "updated_at"):
                nothing = sort.nullable and n > 2
                values[name] = "NULL" if nothing else TIED[sort.type].format(n=n)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"
        )


@pytest.fixture(scope="module")
def filled(shared_rest: Rest) -> Iterator[tuple[Rest, Connection]]:
    """Five rows of each kind and more, in tables without rules on values."""
    with psycopg.connect(shared_rest.url, autocommit=True) as connection:
        drop_rules(connection)
        for resource in RESOURCES.values():
            add_rows(connection, resource)
        yield shared_rest, connection


def walked(rest: Rest, resource: Resource, sort: str) -> list[str]:
    return [item["id"] for item in walk(rest, f"/api/v1/{resource.name}", sort=sort, limit="2")]


def in_order(connection: Connection, resource: Resource, sort: str, way: str) -> list[str]:
    column = resource_sql.sorted_by(resource, sort)
    rows = connection.execute(
        f"SELECT id::text FROM {table_of(resource)} t ORDER BY {column} {way}, id {way}"
    ).fetchall()
    return [row[0] for row in rows]


def test_the_list_of_resources_is_not_empty() -> None:
    assert {"entities", "sources", "documents", "contents", "audit-events"} <= RESOURCES.keys()


@pytest.mark.parametrize(("name", "sort"), SORTS)
def test_every_order_lists_all_items(filled: tuple[Rest, Connection], name: str, sort: str) -> None:
    rest, connection = filled
    for sign, way in (("", "ASC"), ("-", "DESC")):
        expected = in_order(connection, RESOURCES[name], sort, way)
        assert len(expected) >= 5
        assert walked(rest, RESOURCES[name], sign + sort) == expected


def test_without_the_id_in_the_cursor_rows_with_equal_values_are_missed(
    filled: tuple[Rest, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: pages go on behind a value, whatever the id."""
    rest, connection = filled
    jobs = RESOURCES["jobs"]

    def bent(*given: Any) -> tuple[str]:
        _resource, _sort, column, sign, _after, numbers = given
        return (f"({column} {sign} {next(numbers)}::bigint AND {next(numbers)}::uuid IS NOT NULL)",)

    with monkeypatch.context() as patched:
        patched.setattr(resource_sql, "_after_place", bent)
        resource_sql.page.cache_clear()
        found = walked(rest, jobs, "priority")
    resource_sql.page.cache_clear()
    assert len(found) < len(in_order(connection, jobs, "priority", "ASC"))


def has_index(connection: Connection, resource: Resource, sort: str) -> bool:
    column = resource_sql.sorted_by(resource, sort).replace('"', "").replace("t.", "")
    found = connection.execute(INDEXES, [table_of(resource)]).fetchall()
    columns = [[text.replace('"', "") for text in row[0]] for row in found]
    return any(one[0] == "id" if sort == "id" else one[:2] == [column, "id"] for one in columns)


@pytest.mark.parametrize(("name", "sort"), SORTS)
def test_every_order_has_its_index(filled: tuple[Rest, Connection], name: str, sort: str) -> None:
    assert has_index(filled[1], RESOURCES[name], sort)


def test_a_missing_index_is_noticed(filled: tuple[Rest, Connection]) -> None:
    _, connection = filled
    with connection.transaction(force_rollback=True):
        connection.execute("DROP INDEX ix_documents_title_start_id")
        assert not has_index(connection, RESOURCES["documents"], "title")


@pytest.mark.parametrize("name", RESOURCES)
def test_a_read_of_one_row_and_a_list_take_one_statement_each(
    filled: tuple[Rest, Connection], name: str
) -> None:
    rest, connection = filled
    id_ = in_order(connection, RESOURCES[name], "id", "ASC")[0]
    assert rest("GET", f"/api/v1/{name}").status == 200
    for path, most in ((f"/api/v1/{name}/{id_}", 1), (f"/api/v1/{name}", 2)):
        before = rest.database.statements
        assert rest("GET", path).status == 200
        assert 1 <= rest.database.statements - before <= most
