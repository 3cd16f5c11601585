"""Wherever REST takes an entity's id or key, that of a merged entity finds its survivor."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.knowledge.apply_results import apply_results
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_data.postgres import survivors

from .conftest import Reply, Rest

ENTITIES, RELATIONSHIPS, EMBEDDINGS = (
    f"/api/v1/{name}" for name in ("entities", "relationships", "embeddings")
)
ANY = {"If-Match": "*"}
KEYS = ("first", "second", "last")


class World:
    """`first` was merged into `second`, and that into `last`, which KNOWS and is KNOWN."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.first, self.second, self.last = (self.entity(key) for key in KEYS)
        self.other = self.entity("other")
        self.edge(self.first, self.other)
        self.edge(self.other, self.second)
        for number, subject in enumerate((self.first, self.other)):
            rest.create(
                "embeddings",
                subject_type="entity",
                subject_id=subject,
                model="m",
                vector=[1, number],
            )
        for one, into in ((self.first, self.second), (self.second, self.last)):
            assert rest("POST", f"{ENTITIES}/{one}/merge", {"into": into}).status == 200

    def entity(self, key: str) -> str:
        made = self.rest.create("entities", name=key.title(), type="topic", key=key)
        return str(made.json["id"])

    def edge(self, start: str, end: str, type_: str = "KNOWS") -> Reply:
        body = {"from_id": start, "to_id": end, "type": type_}
        return self.rest("POST", RELATIONSHIPS, body)

    def listed(self, path: str, **query: str) -> list[str]:
        reply = self.rest("GET", path, query=query)
        assert reply.status == 200, reply.text
        return [one["id"] for one in reply.json["items"]]

    def bulk(self, path: str, **item: Any) -> list[Any]:
        (result,) = self.rest("POST", f"{path}/bulk", {"items": [item]}).json["results"]
        if "id" not in result:
            return [result["status"]]
        shown = self.rest("GET", f"{path}/{result['id']}").json
        return [shown.get("from_id"), shown.get("to_id"), shown.get("key")]


def location(world: World, id_: str) -> object:
    reply = world.rest("GET", f"{ENTITIES}/{id_}")
    return reply.location if reply.status == 308 else f"{ENTITIES}/{reply.json.get('id')}"


def written_to(end: str) -> Callable[[World, str], object]:
    def ask(world: World, id_: str) -> object:
        ends = {"from_id": world.other, "to_id": world.other, end: id_}
        reply = world.rest("POST", RELATIONSHIPS, {**ends, "type": "LIKES"})
        if reply.status == 201:
            world.rest("DELETE", reply.location, headers=ANY)
        return (reply.status, reply.json.get("from_id"), reply.json.get("to_id"))

    return ask


def embedded(world: World, id_: str) -> object:
    body = {"subject_type": "entity", "subject_id": id_, "model": "n", "vector": [1]}
    reply = world.rest("POST", EMBEDDINGS, body)
    if reply.status == 201:
        world.rest("DELETE", reply.location, headers=ANY)
    return (reply.status, reply.json.get("subject_id"))


def near(world: World, id_: str) -> object:
    reply = world.rest("POST", f"{EMBEDDINGS}/search", {"model": "m", "subject_id": id_})
    return [one["subject_id"] for one in reply.json.get("items", [])]


def merged_into(world: World, id_: str) -> object:
    one = world.entity(f"more {world.rest.database.statements}")
    return world.rest("POST", f"{ENTITIES}/{one}/merge", {"into": id_}).json.get("id")


BY_ID: dict[str, Callable[[World, str], object]] = {
    "read": location,
    "from_id": lambda world, id_: world.listed(RELATIONSHIPS, from_id=id_),
    "to_id": lambda world, id_: world.listed(RELATIONSHIPS, to_id=id_),
    "entity_id": lambda world, id_: world.listed(RELATIONSHIPS, entity_id=id_),
    "entity_id, sorted": lambda world, id_: world.listed(
        RELATIONSHIPS, entity_id=id_, sort="confidence", limit="1", type="KNOWS"
    ),
    "both ends": lambda world, id_: world.listed(RELATIONSHIPS, from_id=id_, to_id=world.other),
    "subject_id": lambda world, id_: world.listed(EMBEDDINGS, subject_id=id_),
    "relationship from": written_to("from_id"),
    "relationship to": written_to("to_id"),
    "relationships from, in bulk": lambda world, id_: world.bulk(
        RELATIONSHIPS, from_id=id_, to_id=world.other, type="CITES"
    ),
    "relationships to, in bulk": lambda world, id_: world.bulk(
        RELATIONSHIPS, from_id=world.other, to_id=id_, type="CITES"
    ),
    "embedding": embedded,
    "search": near,
    "merge into": merged_into,
}


def taken(world: World, key: str) -> object:
    """A key that leads to an entity is refused, and it is named; the survivor has its own."""
    reply = world.rest("POST", ENTITIES, {"name": "N", "type": "topic", "key": key})
    assert reply.pointers == {"/key"}
    return reply.status, world.last in reply.text or key == "last"


def set_on_another(world: World, key: str) -> object:
    reply = world.rest("PATCH", f"{ENTITIES}/{world.other}", {"key": key}, headers=ANY)
    assert reply.pointers == {"/key"}
    return reply.status, world.last in reply.text or key == "last"


def stated_by_a_worker(world: World, key: str) -> object:
    rest = world.rest
    job = rest.create("jobs", kind="extract", payload={}).json["id"]
    entities = [
        {"ref": name, "type": "topic", "key": name, "name": name} for name in (key, "other")
    ]
    edge = {"from": key, "to": "other", "type": "STATES"}
    result = ExtractionResult.model_validate(
        {
            "job_id": job,
            "contract": "groundwork/extraction-result/1",
            "attempt": 1,
            "worker": "w",
            "entities": entities,
            "relationships": [edge],
        }
    )
    assert apply_results([result], now=rest.parts.clock.now(), work=rest.parts.work()) == 1
    return rest.database.rows(
        "SELECT from_id::text, to_id::text FROM relationships WHERE type = 'STATES'"
    )


BY_KEY: dict[str, Callable[[World, str], object]] = {
    "key": lambda world, key: world.listed(ENTITIES, key=key),
    "key, sorted": lambda world, key: world.listed(ENTITIES, key=key, sort="name"),
    "key and type": lambda world, key: world.listed(ENTITIES, key=key, type="topic"),
    "key and another type": lambda world, key: world.listed(ENTITIES, key=key, type="work"),
    "post": taken,
    "patch": set_on_another,
    "entities in bulk": lambda world, key: world.bulk(ENTITIES, name="N", type="topic", key=key),
    "a worker's result": stated_by_a_worker,
}


@pytest.fixture
def world(rest: Rest) -> World:
    return World(rest)


@pytest.mark.parametrize("place", BY_ID)
def test_an_old_id_means_the_survivor(world: World, place: str) -> None:
    ask = BY_ID[place]
    wanted = ask(world, world.last)
    assert wanted not in ([], None)
    for old in (world.first, world.second):
        assert ask(world, old) == wanted
        assert ask(world, old.upper()) == wanted


@pytest.mark.parametrize("place", BY_KEY)
def test_an_old_key_means_the_survivor(world: World, place: str) -> None:
    ask = BY_KEY[place]
    wanted = ask(world, "last")
    assert (wanted == []) == (place == "key and another type")
    for old in ("first", "second"):
        assert ask(world, old) == wanted


@pytest.mark.parametrize("place", BY_ID)
def test_without_the_look_up_of_survivors_an_old_id_finds_no_survivor(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the mechanism disabled: no place finds the survivor any more."""
    wanted = BY_ID[place](world, world.last)
    monkeypatch.setattr(survivors, "OF", f"{survivors.OF} AND false")
    assert BY_ID[place](world, world.first) != wanted


@pytest.mark.parametrize("place", BY_ID)
def test_survivors_are_looked_up_only_for_ids_that_were_not_found(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Collection[UUID]] = []
    written = survivors._array

    def array(ids: Collection[UUID]) -> str:
        asked.append(ids)
        return written(ids)

    monkeypatch.setattr(survivors, "_array", array)
    BY_ID[place](world, world.last)
    assert asked == []
    BY_ID[place](world, world.first)
    assert len(asked) == 1


def test_a_survivor_of_another_type_is_found_by_the_old_type_and_key(rest: Rest) -> None:
    one = rest.create("entities", name="A", type="topic", key="a").json["id"]
    into = rest.create("entities", name="B", type="work", key="b").json["id"]
    same = rest.create("entities", name="A", type="work", key="a").json["id"]
    rest("POST", f"{ENTITIES}/{one}/merge", {"into": into})

    def listed(**query: str) -> set[str]:
        return {one["id"] for one in rest("GET", ENTITIES, query=query).json["items"]}

    assert listed(key="a") == {into, same}
    assert listed(key="a", type="topic") == {into}
    assert listed(key="a", type="work") == {same}


def test_a_relationship_between_merged_entities_is_refused(world: World) -> None:
    for start, end in ((world.first, world.last), (world.second, world.first)):
        reply = world.edge(start, end)
        assert (reply.status, reply.pointers) == (422, {"/to_id"})
        item = {"from_id": start, "to_id": end, "type": "KNOWS"}
        (result,) = world.rest("POST", f"{RELATIONSHIPS}/bulk", {"items": [item]}).json["results"]
        assert [one["pointer"] for one in result["error"]["errors"]] == ["/to_id"]
    assert world.edge(world.first, world.first).json["to_id"] == world.last  # it says so itself


def test_after_a_split_the_old_id_means_its_own_entity_again(world: World) -> None:
    for old in (world.second, world.first):
        assert world.rest("POST", f"{ENTITIES}/{old}/split").status == 200
    assert location(world, world.first) == f"{ENTITIES}/{world.first}"
    assert world.listed(RELATIONSHIPS, entity_id=world.last) == []
    for old in (world.first, world.second):
        assert len(world.listed(RELATIONSHIPS, entity_id=old)) == 1
    assert world.listed(ENTITIES, key="first") == [world.first]
    assert len(world.listed(EMBEDDINGS, subject_id=world.first)) == 1
