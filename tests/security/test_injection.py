"""SQL and Cypher in every text field: stored and found as text, or refused with the field's name.

The resources are those that the router serves, so that a new one is tried from its first day.
`pg_sleep` in the corpus would outlast the timeout of a test.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

import psycopg
import pytest
from pydantic import JsonValue

from groundwork_core.knowledge.keys import folded
from groundwork_core.resources.resource import Filter, Resource
from groundwork_core.web.address import normal
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.resources import ResourceRoutes

from ..integration.functions.rest_api.conftest import Reply, Rest
from .bodies import ADDRESS, fields, hostile, plain, required, takes_any
from .hostile_texts import EVERY, SQL

ANY = {"If-Match": "*"}
SERVED: dict[str, Resource] = {
    routes.resource.name: routes.resource
    for operation in router.operations
    if isinstance(routes := getattr(operation.handler, "__self__", None), ResourceRoutes)
}
MADE = [name for name, resource in SERVED.items() if resource.create]
UNSHOWN = frozenset({"password", "summary", "content"})
"""Not shown as sent: a password never, a document's HTML only cleaned (test_html.py)."""
NUMBERS = count()
SLOW = frozenset({"password"})
"""Hashed on purpose slowly: tried with some texts only."""
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


class Maker:
    """Makes things of one resource."""

    def __init__(self, rest: Rest, resource: Resource) -> None:
        assert resource.create
        self.rest, self.path = rest, f"/api/v1/{resource.name}"
        self.create, self.resource = resource.create, resource

    def plain(self) -> dict[str, JsonValue]:
        """Fields that hold, with new things behind their ids."""
        shapes = fields(self.create)
        made = {
            name: plain(shapes[name], partial(self._id, name)) for name in required(self.create)
        }
        for name, start in (("name", "a"), ("url", ADDRESS)):
            if name in made:  # may be there but once
                made[name] = f"{start}{next(NUMBERS)}"
        return made

    def _id(self, field: str) -> str:
        named = f"{field.removesuffix('_id')}s"
        parent = Maker(self.rest, SERVED[named if named in SERVED else "entities"])
        made = self.rest.create(parent.resource.name, **parent.plain())
        return str(made.json["id"])

    def write(
        self, method: str, path: str, base: Mapping[str, JsonValue], text: str
    ) -> tuple[Reply, dict[str, JsonValue]]:
        """Put the text into all fields; again without those that were refused by name.

        Returns the last answer and the fields that were taken.
        """
        model = self.create if method == "POST" else self.resource.patch
        assert model
        shapes = fields(model)
        left = {
            name: hostile(shape, text)
            for name, shape in shapes.items()
            if name not in SLOW or text.removeprefix("x") in EVERY[::10]
        }
        for _ in range(len(shapes) + 1):
            reply = self.rest(method, path, {**base, **left}, headers=ANY)
            if reply.status < 400:
                break
            assert reply.status == 422, reply.text
            refused = {pointer.split("/")[1] for pointer in reply.pointers}
            assert refused, reply.text
            assert refused <= left.keys(), reply.text
            wrongly = [name for name in refused if takes_any(shapes[name], text)]
            assert not wrongly, reply.text
            left = {name: value for name, value in left.items() if name not in refused}
        assert reply.status < 400, reply.text
        return reply, left


ADDRESSES = {("sources", "url"), ("webhooks", "url")}


def as_kept(name: str, field: str, sent: object) -> object:
    """Return the stored form of a text: keys and addresses are normalized."""
    if not isinstance(sent, str):
        return sent
    if (name, field) == ("entities", "key"):
        return folded(sent)
    return normal(sent) if (name, field) in ADDRESSES else sent


def shown(kept: object, sent: object) -> bool:
    """Return whether the stored value is the one that was sent; objects may be merged."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return all(name in kept and kept[name] == value for name, value in sent.items())
    return kept == sent


def held(one: Filter, item: Mapping[str, Any], text: str) -> bool:
    """Return whether a row matches a text filter, computed independently."""
    name, _, any_case = (one.column or one.name).partition(".")
    value = item[name]
    if any_case:
        return bool(value.casefold() == text.casefold())
    if one.operator == "has":
        return text in value
    if one.operator == "like":
        return folded(text) in folded(value)
    if name == "key" and "aliases" in item:  # of an entity
        return bool(value == folded(text))
    return bool(value == text)


@pytest.fixture(autouse=True)
def _tables_stay(shared_rest: Rest) -> Any:
    before = shared_rest.database.rows(TABLES)
    assert len(before) > 20
    yield
    assert shared_rest.database.rows(TABLES) == before
    assert shared_rest.database.rows("SELECT 1 FROM users WHERE roles = '{admin}'") == [(1,)]


@pytest.mark.parametrize("name", MADE)
def test_hostile_text_is_kept_as_text_or_refused_by_name(shared_rest: Rest, name: str) -> None:
    maker = Maker(shared_rest, SERVED[name])
    taken: set[str] = set()
    for text in EVERY:
        reply, sent = maker.write("POST", maker.path, maker.plain(), text)
        for field in sent.keys() - UNSHOWN:
            wanted = as_kept(name, field, sent[field])
            assert shown(reply.json[field], wanted), (field, reply.text)
        again = shared_rest("GET", reply.location).json
        assert again.items() <= reply.json.items()
        taken |= sent.keys()
    free = {field for field, shape in fields(maker.create).items() if takes_any(shape, "' OR 1=1")}
    assert free <= taken
    _filters_hold(shared_rest, maker.resource)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(EVERY[::4], id="some"),
        pytest.param(EVERY, id="all", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("name", [name for name in MADE if SERVED[name].patch])
def test_hostile_text_in_a_patch_is_kept_or_refused_by_name(
    shared_rest: Rest, name: str, texts: Sequence[str]
) -> None:
    maker = Maker(shared_rest, SERVED[name])
    place = shared_rest.create(name, **maker.plain()).location
    for text in texts:
        # A letter before it, for what names things once is there already.
        reply, sent = maker.write("PATCH", place, {}, f"x{text}")
        for field in sent.keys() - UNSHOWN:
            wanted = as_kept(name, field, sent[field])
            assert shown(reply.json[field], wanted), (field, reply.text)


@pytest.mark.parametrize("name", [name for name in SERVED if name not in MADE])
def test_hostile_text_in_filters_of_read_only_resources_is_only_text(
    shared_rest: Rest, name: str
) -> None:
    _filters_hold(shared_rest, SERVED[name])


def _filters_hold(shared_rest: Rest, resource: Resource) -> None:
    """A hostile text finds what has it and nothing else; where it is no value, it is refused.

    A quarter of the texts for each resource, and every text for some of them: one piece of code
    filters all resources.
    """
    some = EVERY[list(SERVED).index(resource.name) % 4 :: 4]
    path = f"/api/v1/{resource.name}"
    items = shared_rest("GET", path, query={"limit": "200"}).json["items"]
    texts = [one for one in resource.filters if one.type == "text" and not one.choices]
    for one in texts:
        for text in some:
            reply = shared_rest("GET", path, query={one.name: text, "limit": "200"})
            assert reply.status == 200, reply.text
            if one.operator == "search":  # by words and stems: test_search.py says what is found
                continue
            found = {item["id"] for item in reply.json["items"]}
            assert found >= {item["id"] for item in items if held(one, item, text)}, text
            assert all(held(one, item, text) for item in reply.json["items"]), text
    strict = [one.name for one in resource.filters if one not in texts]
    for text in some:
        query = dict.fromkeys((*strict, "sort", "limit", "cursor"), text)
        del query["cursor"]
        reply = shared_rest("GET", path, query=query)
        assert (reply.status, reply.pointers) == (422, {f"/{name}" for name in query}), reply.text
        reply = shared_rest("GET", path, query={"cursor": text})
        assert (reply.status, reply.pointers) == (422, {"/cursor"}), reply.text


def test_hostile_text_in_bulk_items_is_stored_as_text(shared_rest: Rest) -> None:
    items = [
        {
            "name": text,
            "key": f"bulk {text}",
            "type": "topic",
            "aliases": EVERY,
            "attributes": {text: text},
        }
        for text in EVERY
    ]
    assert shared_rest("POST", "/api/v1/entities/bulk", {"items": items}).status == 200
    for item in items:
        query = {"key": str(item["key"])}
        (kept,) = shared_rest("GET", "/api/v1/entities", query=query).json["items"]
        assert (kept["name"], kept["attributes"]) == (item["name"], item["attributes"])
        assert set(kept["aliases"]) >= set(EVERY) - {item["name"]}


@pytest.mark.parametrize("header", ["Idempotency-Key", "If-None-Match", "X-API-Key"])
def test_hostile_headers_cause_no_server_error(shared_rest: Rest, header: str) -> None:
    for number, text in enumerate(EVERY):
        token = None if header == "X-API-Key" else "admin"
        body = None if header == "If-None-Match" else {"key": f"{header} {number}", "value": text}
        reply = shared_rest(
            "POST" if body else "GET",
            "/api/v1/configurations",
            body,
            headers={header: text},
            token=token,
        )
        assert reply.status in (200, 201, 401, 422), reply.text


def test_the_hostile_texts_do_harm_as_part_of_an_sql_statement(database_url: str) -> None:
    """With the guard disabled: the same texts, made part of a statement."""
    broken, gone = 0, set[str]()
    for text in (one for one in SQL if "pg_sleep" not in one and "PROGRAM" not in one):
        with psycopg.connect(database_url) as connection:
            before = _names(connection.execute(TABLES).fetchall())
            try:
                connection.execute(f"SELECT id FROM entities WHERE name = '{text}'")
                gone |= before - _names(connection.execute(TABLES).fetchall())
            except psycopg.Error:
                broken += 1
            connection.rollback()
    assert broken > 10
    assert {"entities", "users"} <= gone


def _names(rows: Sequence[tuple[str]]) -> set[str]:
    return {row[0] for row in rows}
