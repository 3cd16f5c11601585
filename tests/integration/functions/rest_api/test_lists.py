"""Lists: pages cover all rows in every order, filters apply, forged cursors are refused."""

from typing import Any

import pytest

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.jobs.resource import JOBS
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.sources.resource import SOURCES

from .conftest import Rest


@pytest.fixture(scope="module")
def filled(shared_rest: Rest) -> Rest:
    for number in range(25):
        shared_rest.create(
            "entities",
            name=f"Entity {number % 7}",
            type="person" if number % 2 else "topic",
            confidence=(number % 5) / 4,
            **({"key": f"key-{number}"} if number % 3 else {}),
        )
    return shared_rest


def walk(rest: Rest, path: str, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        reply = rest("GET", path, query={**query, **({"cursor": cursor} if cursor else {})})
        assert reply.status == 200, reply.text
        items += reply.json["items"]
        cursor = reply.json["next_cursor"]
        if cursor is None:
            return items


@pytest.mark.parametrize("sort", ["id", "created_at", "updated_at", "name", "confidence", "key"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_lists_all_items_in_order(filled: Rest, sort: str, sign: str) -> None:
    items = walk(filled, "/api/v1/entities", sort=sign + sort, limit="4")
    assert len({item["id"] for item in items}) == len(items) == 25
    nothing = "" if sort == "key" else 0
    values = [(item[sort] is None, item[sort] or nothing) for item in items]
    assert values == sorted(values, reverse=sign == "-")


def test_a_page_is_the_newest_fifty_unless_asked_otherwise(filled: Rest) -> None:
    ids = [item["id"] for item in filled("GET", "/api/v1/entities").json["items"]]
    assert ids == sorted(ids, reverse=True)


def test_several_filters_must_all_match(filled: Rest) -> None:
    items = walk(filled, "/api/v1/entities", type="person", min_confidence="0.2", q="ENTITY 1")
    assert items
    for item in items:
        assert (item["type"], item["name"]) == ("person", "Entity 1")
        assert item["confidence"] >= 0.2
    (one,) = walk(filled, "/api/v1/entities", key="key-4")
    assert one["key"] == "key-4"


def test_a_cursor_of_another_list_or_order_is_refused(filled: Rest) -> None:
    page = filled("GET", "/api/v1/entities", query={"limit": "2", "sort": "name"})
    cursor = page.json["next_cursor"]
    for path, sort in (("entities", "-name"), ("sources", "name"), ("entities", "id")):
        reply = filled("GET", f"/api/v1/{path}", query={"cursor": cursor, "sort": sort})
        assert (reply.status, reply.pointers) == (422, {"/cursor"})


@pytest.mark.parametrize("resource", ["entities", "relationships", "sources", "documents", "jobs"])
def test_unknown_parameters_are_named_on_every_list(filled: Rest, resource: str) -> None:
    query = {"nope": "1", "limit": "500", "sort": "nope"}
    reply = filled("GET", f"/api/v1/{resource}", query=query)
    assert (reply.status, reply.pointers) == (422, {"/nope", "/limit", "/sort"})


def test_every_filter_and_sort_of_every_list_is_sql_that_runs(filled: Rest) -> None:
    values = {
        "id": "0190b9d0-0000-7000-8000-000000000000",
        "number": "0.5",
        "moment": "2026-01-01T00:00:00Z",
        "flag": "true",
        "text": "x",
    }
    for resource in (ENTITIES, RELATIONSHIPS, DOCUMENTS, SOURCES, JOBS):
        query = {
            one.name: one.choices[0] if one.choices else values[one.type]
            for one in resource.filters
        }
        for sort in resource.all_sorts:
            reply = filled("GET", f"/api/v1/{resource.name}", query={**query, "sort": sort})
            assert reply.status == 200, (resource.name, sort, reply.text)
