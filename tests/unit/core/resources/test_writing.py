"""The use cases of writing, on the fake store."""

import json
from uuid import UUID, uuid4

import pytest
from tests.fakes.resources import FakeResources

from groundwork_core.errors import Conflict, NotFound, VersionMismatch
from groundwork_core.knowledge.resources import ENTITIES, EntityPatch, NewEntity
from groundwork_core.resources.ports import Written
from groundwork_core.resources.writing import Expected, change, create, remove

ANY = Expected(None)


def only(version: int) -> Expected:
    return Expected(frozenset({version}))


@pytest.fixture
def store() -> FakeResources:
    return FakeResources()


def ada(store: FakeResources) -> Written:
    new = NewEntity(name="Ada", type="person", attributes={"a": 1, "b": {"c": 2}})
    return create(ENTITIES, new, store=store)


def test_a_plain_create_and_a_plain_change_are_one_statement_each(store: FakeResources) -> None:
    written = ada(store)
    assert store.statements == 1
    change(ENTITIES, UUID(written.id), only(1), EntityPatch(name="Ada L."), store=store)
    assert store.statements == 2


def test_a_patch_changes_only_what_it_names(store: FakeResources) -> None:
    row_id = UUID(ada(store).id)
    written = change(ENTITIES, row_id, only(1), EntityPatch(confidence=0.5), store=store)
    body = json.loads(written.body)
    assert (body["confidence"], body["name"], written.tag) == (0.5, "Ada", "2")


def test_a_patch_merges_nested_objects(store: FakeResources) -> None:
    row_id = UUID(ada(store).id)
    patch = EntityPatch(attributes={"a": None, "b": {"d": 3}})
    written = change(ENTITIES, row_id, only(1), patch, store=store)
    assert json.loads(written.body)["attributes"] == {"b": {"c": 2, "d": 3}}


def test_an_empty_patch_changes_nothing_and_has_no_position(store: FakeResources) -> None:
    row_id = UUID(ada(store).id)
    written = change(ENTITIES, row_id, only(1), EntityPatch(), store=store)
    assert (written.tag, written.position) == ("1", None)


@pytest.mark.parametrize(
    "patch", [EntityPatch(name="x"), EntityPatch(attributes={}), EntityPatch()]
)
def test_a_stale_version_is_refused_and_named(store: FakeResources, patch: EntityPatch) -> None:
    row_id = UUID(ada(store).id)
    with pytest.raises(VersionMismatch, match="version 1"):
        change(ENTITIES, row_id, only(7), patch, store=store)


def test_a_change_may_name_several_versions(store: FakeResources) -> None:
    row_id = UUID(ada(store).id)
    expected = Expected(frozenset({1, 2}))
    assert change(ENTITIES, row_id, expected, EntityPatch(name="x"), store=store).tag == "2"
    assert change(ENTITIES, row_id, ANY, EntityPatch(name="y"), store=store).tag == "3"


def test_a_missing_resource_cannot_be_changed_or_removed(store: FakeResources) -> None:
    for expected in (ANY, only(1)):
        with pytest.raises(NotFound):
            change(ENTITIES, uuid4(), expected, EntityPatch(name="x"), store=store)
        with pytest.raises(NotFound):
            remove(ENTITIES, uuid4(), expected, store=store)


def test_a_removal_needs_the_present_version(store: FakeResources) -> None:
    row_id = UUID(ada(store).id)
    with pytest.raises(VersionMismatch):
        remove(ENTITIES, row_id, only(2), store=store)
    assert remove(ENTITIES, row_id, only(1), store=store)


def test_a_taken_key_is_a_conflict(store: FakeResources) -> None:
    create(ENTITIES, NewEntity(name="a", type="topic", key="k"), store=store)
    with pytest.raises(Conflict):
        create(ENTITIES, NewEntity(name="b", type="topic", key="k"), store=store)
