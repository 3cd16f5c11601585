"""Only their user, and who may write users, can access a user's own things."""

from dataclasses import replace
from uuid import UUID

import pytest

from groundwork_core.caller import Caller
from groundwork_core.configuration.resources import PREFERENCES, PreferencePatch
from groundwork_core.errors import NotFound
from groundwork_core.ids import new_id
from groundwork_core.resources.ownership import OwnerUnknown
from groundwork_core.resources.reading import read_one
from groundwork_core.resources.writing import Expected, change

from .conftest import MINT, Reply, Rest

PATH = "/api/v1/preferences"


class Person:
    """A user, as a client."""

    def __init__(self, rest: Rest, role: str = "viewer") -> None:
        self.rest, self.id = rest, rest.user(role)
        self._token = MINT.token(self.id)

    def __call__(self, method: str, path: str, body: object = None, **query: str) -> Reply:
        headers = {"If-Match": "*"}
        return self.rest(method, path, body, token=self._token, query=query, headers=headers)

    def prefers(self, key: str) -> Reply:
        made = self("POST", PATH, {"key": key, "value": {"a": 1}})
        assert made.status == 201, made.text
        return made


@pytest.fixture
def ada(rest: Rest) -> Person:
    return Person(rest)


@pytest.fixture
def eve(rest: Rest) -> Person:
    return Person(rest)


def test_a_new_preference_belongs_to_the_user_who_created_it(ada: Person) -> None:
    assert ada.prefers("theme").json["user_id"] == str(ada.id)
    named = ada("POST", PATH, {"user_id": str(ada.id), "key": "font", "value": None})
    assert (named.status, named.json["value"]) == (201, None)
    again = ada("POST", PATH, {"key": "theme", "value": 1})
    assert (again.status, again.pointers) == (409, {"/key"})


def test_two_users_may_have_preferences_with_the_same_key(ada: Person, eve: Person) -> None:
    ada.prefers("theme")
    eve.prefers("theme")


def test_things_of_another_user_are_not_found(ada: Person, eve: Person) -> None:
    made = ada.prefers("theme")
    for method, body in (("GET", None), ("PATCH", {"value": 2}), ("DELETE", None)):
        assert eve(method, made.location, body).status == 404
        tagged = eve.rest(
            method, made.location, body, token=MINT.token(eve.id), headers={"If-Match": made.etag}
        )
        assert tagged.status == 404
    assert eve("GET", PATH).json["items"] == []
    assert eve("GET", PATH, user_id=str(ada.id)).json["items"] == []
    assert ada("GET", made.location).json == made.json
    assert [item["id"] for item in ada("GET", PATH).json["items"]] == [made.json["id"]]


def test_a_preference_cannot_be_created_for_another_user(ada: Person, eve: Person) -> None:
    reply = eve("POST", PATH, {"user_id": str(ada.id), "key": "theme", "value": 1})
    assert (reply.status, ada("GET", PATH).json["items"]) == (403, [])


def test_an_admin_sees_all_and_can_filter_by_user(rest: Rest, ada: Person, eve: Person) -> None:
    mine, hers = ada.prefers("theme"), eve.prefers("theme")
    admin = Person(rest, "admin")
    assert {item["id"] for item in admin("GET", PATH).json["items"]} == {
        mine.json["id"],
        hers.json["id"],
    }
    (item,) = admin("GET", PATH, user_id=str(eve.id)).json["items"]
    assert item["id"] == hers.json["id"]
    assert admin("PATCH", hers.location, {"value": 2}).json["value"] == 2
    made = admin("POST", PATH, {"user_id": str(ada.id), "key": "font", "value": 1})
    assert (made.status, made.json["user_id"]) == (201, str(ada.id))
    assert ada("GET", made.location).status == 200
    nobody = admin("POST", PATH, {"user_id": str(new_id()), "key": "font", "value": 1})
    assert (nobody.status, nobody.pointers) == (422, {"/user_id"})


def test_the_check_of_the_owner_needs_no_further_statement(rest: Rest, ada: Person) -> None:
    made = ada.prefers("theme")
    for path in (made.location, PATH):
        ada("GET", path)
        before = rest.database.statements
        assert ada("GET", path).status == 200
        assert rest.database.statements - before == 1


def test_without_the_check_of_the_owner_any_user_changes_a_preference(
    rest: Rest, ada: Person
) -> None:
    """With the guard disabled."""
    row_id = UUID(ada.prefers("theme").json["id"])
    eve = Caller(new_id(), (), frozenset(), "user:eve")
    everybodys = replace(PREFERENCES, owner=None)
    store, patch = rest.parts.resources, PreferencePatch(value=2)
    with pytest.raises(NotFound):
        change(PREFERENCES, row_id, Expected(None), patch, store=store, by=eve)
    change(everybodys, row_id, Expected(None), patch, store=store, by=eve)


def test_reading_without_a_caller_is_an_error(rest: Rest, ada: Person) -> None:
    row_id = UUID(ada.prefers("theme").json["id"])
    with pytest.raises(OwnerUnknown):
        read_one(PREFERENCES, row_id, store=rest.parts.resources)
