from datetime import UTC, datetime
from uuid import UUID

import pytest

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.errors import Invalid
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.resources.page import PageQuery, page_query
from groundwork_core.resources.resource import Resource
from groundwork_core.sources.resource import SOURCES

ID = UUID("0190b9d0-0000-7000-8000-000000000000")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def read(resource: Resource, **parameters: str) -> PageQuery:
    return page_query(resource, {name: (value,) for name, value in parameters.items()})


def pointers(resource: Resource, **parameters: str) -> list[str]:
    with pytest.raises(Invalid) as raised:
        read(resource, **parameters)
    return sorted(fault.pointer for fault in raised.value.faults)


def test_a_list_begins_with_the_newest_fifty() -> None:
    query = read(ENTITIES)
    assert (query.limit, query.sort, query.descending, query.filters) == (50, "id", True, ())


@pytest.mark.parametrize("name", ["published_after", "published_before"])
def test_a_list_filtered_by_a_time_is_sorted_by_it_by_default(name: str) -> None:
    given = {name: ["2026-01-31T12:00:00Z"]}
    query = page_query(DOCUMENTS, given)
    assert (query.sort, query.descending) == ("published_at", True)
    query = page_query(DOCUMENTS, given | {"sort": ["title"]})
    assert (query.sort, query.descending) == ("title", False)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "", "ten", "٣", "9" * 30, "1e2"])
def test_a_bad_limit_is_named(limit: str) -> None:
    assert pointers(ENTITIES, limit=limit) == ["/limit"]


@pytest.mark.parametrize("limit", [1, 50, 200])
def test_limits_from_1_to_200_are_accepted(limit: int) -> None:
    assert read(ENTITIES, limit=str(limit)).limit == limit


@pytest.mark.parametrize("sort", ["", "-", "nope", "--name", "attributes", "name;--"])
def test_an_unknown_sort_is_named(sort: str) -> None:
    assert pointers(ENTITIES, sort=sort) == ["/sort"]


def test_every_fault_is_named_at_once() -> None:
    found = pointers(ENTITIES, limit="0", sort="x", typ="person", min_confidence="high")
    assert found == ["/limit", "/min_confidence", "/sort", "/typ"]


def test_a_parameter_given_twice_is_named() -> None:
    with pytest.raises(Invalid) as raised:
        page_query(ENTITIES, {"type": ("person", "topic")})
    assert raised.value.faults[0].pointer == "/type"


@pytest.mark.parametrize(
    ("resource", "name", "text", "value"),
    [
        (SOURCES, "enabled", "true", True),
        (SOURCES, "enabled", "false", False),
        (ENTITIES, "min_confidence", "0.25", 0.25),
        (RELATIONSHIPS, "from_id", str(ID), ID),
        (DOCUMENTS, "published_after", "2026-01-31T12:00:00Z", NOON),
        (DOCUMENTS, "published_after", "2026-01-31T12:00:00 00:00", NOON),
        (DOCUMENTS, "published_after", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_filters_have_types(resource: Resource, name: str, text: str, value: object) -> None:
    ((_, found),) = read(resource, **{name: text}).filters
    assert found == value


@pytest.mark.parametrize(
    ("resource", "name", "text"),
    [
        (SOURCES, "enabled", "yes"),
        (SOURCES, "status", "fine"),
        (ENTITIES, "type", "Person"),
        (ENTITIES, "min_confidence", "nan"),
        (ENTITIES, "min_confidence", "1e999"),
        (ENTITIES, "q", "a\x00b"),
        (ENTITIES, "q", "\ud800"),
        (ENTITIES, "key", "x" * 1_001),
        (RELATIONSHIPS, "from_id", "1"),
        (DOCUMENTS, "published_after", "yesterday"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(resource: Resource, name: str, text: str) -> None:
    assert pointers(resource, **{name: text}) == [f"/{name}"]
