"""Rows of any resource: the fake and the real store behave alike."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.errors import Conflict
from groundwork_core.knowledge.resources import ENTITIES
from groundwork_core.resources.cursors import Cursors
from groundwork_core.resources.page import PAGE_BYTES_MAX, After, page_query
from groundwork_core.resources.ports import ResourceStore, Written
from groundwork_core.resources.reading import list_many
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.resources import PostgresResources

from ..fakes.resources import FakeResources

CURSORS = Cursors(b"key")


@pytest.fixture(params=["fake", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[ResourceStore]:
    if request.param == "fake":
        yield FakeResources()
        return
    database = Database(request.getfixturevalue("database_url"), application_name="test")
    yield PostgresResources(database.texts, database.write_texts)
    database.close()


def insert(store: ResourceStore, **fields: Any) -> Written:
    row = {"type": "topic", "confidence": 1.0, **fields}
    return store.insert(ENTITIES, tuple(row), json.dumps(row))


def names(store: ResourceStore, **parameters: str) -> list[str]:
    """Walk a whole list, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        asked = parameters | ({"cursor": cursor} if cursor else {})
        given = {name: (value,) for name, value in asked.items()}
        page = json.loads(list_many(ENTITIES, given, store=store, cursors=CURSORS))
        found += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_an_inserted_row_can_be_read(store: ResourceStore) -> None:
    written = insert(store, name="Ada", type="person", attributes={"born": 1815})
    stored = store.read(ENTITIES, UUID(written.id))
    assert stored is not None
    assert stored.version == 1
    assert stored.parsed()["attributes"] == {"born": 1815}
    assert list(stored.parsed()) == list(ENTITIES.columns)
    assert stored.parsed() == json.loads(written.body)


def test_a_missing_row_is_not_found(store: ResourceStore) -> None:
    assert store.read(ENTITIES, uuid4()) is None
    assert store.update(ENTITIES, uuid4(), 1, ("name",), '{"name":"x"}') is None
    assert store.delete(ENTITIES, uuid4(), 1) is None


def test_an_update_needs_the_present_version_and_makes_the_next(store: ResourceStore) -> None:
    row_id = UUID(insert(store, name="old").id)
    changed = store.update(ENTITIES, row_id, 1, ("name",), '{"name":"new"}')
    assert changed is not None
    assert (changed.tag, json.loads(changed.body)["name"]) == ("2", "new")
    assert store.update(ENTITIES, row_id, 1, ("name",), '{"name":"stale"}') is None
    stored = store.read(ENTITIES, row_id)
    assert stored is not None
    assert stored.parsed()["name"] == "new"


def test_only_the_named_fields_change(store: ResourceStore) -> None:
    row_id = UUID(insert(store, name="kept", key="k").id)
    changed = store.update(ENTITIES, row_id, 1, ("key",), '{"key":null,"name":"not taken"}')
    assert changed is not None
    assert json.loads(changed.body)["name"] == "kept"
    assert json.loads(changed.body)["key"] is None


def test_a_delete_needs_the_present_version(store: ResourceStore) -> None:
    row_id = UUID(insert(store, name="gone").id)
    assert store.delete(ENTITIES, row_id, 2) is None
    assert store.delete(ENTITIES, row_id, 1)
    assert store.read(ENTITIES, row_id) is None


def test_positions_only_grow(store: ResourceStore) -> None:
    first, second = insert(store, name="a"), insert(store, name="b")
    assert int(first.position or 0) < int(second.position or 0)


def test_a_second_row_with_the_same_key_is_a_conflict_that_names_the_field(
    store: ResourceStore,
) -> None:
    insert(store, name="a", key="same")
    with pytest.raises(Conflict) as raised:
        insert(store, name="b", key="same")
    assert raised.value.field == "key"


@pytest.mark.parametrize("sort", ["name", "-name", "confidence", "-confidence", "id", "-id"])
def test_every_order_lists_all_items_in_order(store: ResourceStore, sort: str) -> None:
    for number in range(11):
        insert(store, name=f"n{number % 4}", confidence=(number % 3) / 4)
    by_one = names(store, sort=sort, limit="1")
    assert by_one == names(store, sort=sort, limit="200")
    assert len(by_one) == 11
    if sort == "name":
        assert by_one == sorted(by_one)


@pytest.mark.parametrize("sort", ["key", "-key"])
def test_lists_sorted_by_a_field_include_rows_where_it_is_null(
    store: ResourceStore, sort: str
) -> None:
    for number in range(7):
        insert(store, name=str(number), key=f"k{number}" if number % 2 else None)
    by_two = names(store, sort=sort, limit="2")
    assert by_two == names(store, sort=sort, limit="200")
    assert sorted(by_two) == [str(number) for number in range(7)]
    with_key = ["1", "3", "5"]
    assert (by_two[:3] if sort == "key" else by_two[:-4:-1]) == with_key


def test_an_insert_before_the_place_moves_nothing(store: ResourceStore) -> None:
    for name in ("b", "d", "f"):
        insert(store, name=name)
    first = json.loads(
        list_many(ENTITIES, {"sort": ("name",), "limit": ("2",)}, store=store, cursors=CURSORS)
    )
    insert(store, name="a")
    rest = names(store, sort="name", limit="2", cursor=first["next_cursor"])
    assert rest == ["f"]


def test_several_filters_must_all_match(store: ResourceStore) -> None:
    insert(store, name="Ada Lovelace", type="person", confidence=0.9)
    insert(store, name="Ada (language)", type="topic", confidence=0.9)
    insert(store, name="ADA, unsure", type="person", confidence=0.1)
    assert names(store, q="ada", type="person", min_confidence="0.5") == ["Ada Lovelace"]


@pytest.mark.parametrize("text", ["100%", "a_b", "back\\slash", "'; DROP TABLE entities; --"])
def test_text_is_searched_as_it_stands(store: ResourceStore, text: str) -> None:
    insert(store, name=f"x {text} y")
    insert(store, name="x 100 a-b back slash y")
    assert names(store, q=text) == [f"x {text} y"]


def test_a_page_says_whether_further_items_follow(store: ResourceStore) -> None:
    for name in ("a", "b", "c"):
        insert(store, name=name)
    for limit, more in (("2", True), ("3", False)):
        page = store.page(ENTITIES, page_query(ENTITIES, {"limit": (limit,)}), None)
        assert (len(page.items), page.more) == (int(limit), more)


def test_a_page_ends_before_it_is_too_long(store: ResourceStore) -> None:
    third = "x" * (PAGE_BYTES_MAX // 3 - 1_000)
    for name, text in (("a", third), ("b", third), ("c", third), ("d", third), ("e", "")):
        insert(store, name=name, attributes={"text": text})
    query, found = page_query(ENTITIES, {"sort": ("name",)}), []
    place: After | None = None
    while True:
        page = store.page(ENTITIES, query, place)
        found.append([json.loads(item) for item in page.items])
        if not page.more:
            break
        place = After(found[-1][-1]["name"], found[-1][-1]["id"])
    assert [[item["name"] for item in one] for one in found] == [["a", "b", "c"], ["d", "e"]]


def test_resources_of_other_users_are_hidden(store: ResourceStore) -> None:
    # A column that every row has stands for the owner's: each thing belongs to itself.
    owned = replace(ENTITIES, owner="id")
    mine, other = UUID(insert(store, name="mine").id), UUID(insert(store, name="other").id)
    seen = store.owned_by(mine)
    assert seen.read(owned, other) is None
    assert seen.update(owned, other, 1, ("name",), '{"name":"taken"}') is None
    assert seen.delete(owned, other, 1) is None
    query = page_query(owned, {"q": ("o",), "limit": ("2",)})
    assert seen.page(owned, query, None).items == []
    (item,) = seen.page(owned, page_query(owned, {}), None).items
    assert json.loads(item)["id"] == str(mine)
    assert seen.update(owned, mine, 1, ("name",), '{"name":"kept"}') is not None
    assert seen.read(ENTITIES, other) is not None
