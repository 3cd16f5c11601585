"""Use the generated Python client: `python smoke.py URL EMAIL PASSWORD`."""

import sys
from http import HTTPStatus
from typing import TypeVar

from generated_client.api.entities import (
    change_entity,
    create_entity,
    list_entities,
    read_entity,
    remove_entity,
)
from generated_client.api.identity import log_in_with_password, who_am_i
from generated_client.api.sources import create_source
from generated_client.client import AuthenticatedClient, Client
from generated_client.models.entity import Entity
from generated_client.models.entity_page import EntityPage
from generated_client.models.entity_patch import EntityPatch
from generated_client.models.fault import Fault
from generated_client.models.interval import Interval
from generated_client.models.logged_in import LoggedIn
from generated_client.models.login import Login
from generated_client.models.new_entity import NewEntity
from generated_client.models.new_entity_type import NewEntityType
from generated_client.models.new_source import NewSource
from generated_client.models.problem import Problem
from generated_client.models.source import Source
from generated_client.types import Response

T = TypeVar("T")


def must(kind: type[T], answer: Response[T | Problem]) -> T:
    """Return the parsed response, which must be of this kind."""
    assert isinstance(answer.parsed, kind), (answer.status_code, answer.content)
    return answer.parsed


def refused(answer: Response[T | Problem], status: HTTPStatus) -> Problem:
    """Return the problem of a refused request; the response must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert isinstance(answer.parsed, Problem)
    assert answer.parsed.status == status
    return answer.parsed


def live(known: AuthenticatedClient) -> None:
    """Create, change, list and delete one entity."""
    body = NewEntity(name="Generated Python", type_=NewEntityType.PRODUCT, key="generated-py")
    created = create_entity.sync_detailed(client=known, body=body)
    made = must(Entity, created)
    assert must(Entity, read_entity.sync_detailed(made.id, client=known)).name == body.name
    page = must(EntityPage, list_entities.sync_detailed(client=known, limit=200))
    assert [one.id for one in page.items].count(made.id) == 1

    found, patch = created.headers["ETag"], EntityPatch(name="Renamed")
    patched = change_entity.sync_detailed(made.id, client=known, body=patch, if_match=found)
    changed = must(Entity, patched)
    assert (changed.name, changed.version) == ("Renamed", made.version + 1)
    late = change_entity.sync_detailed(made.id, client=known, body=patch, if_match=found)
    refused(late, HTTPStatus.PRECONDITION_FAILED)

    now = patched.headers["ETag"]
    gone = remove_entity.sync_detailed(made.id, client=known, if_match=now)
    assert gone.status_code == HTTPStatus.NO_CONTENT
    refused(read_entity.sync_detailed(made.id, client=known), HTTPStatus.NOT_FOUND)


def main(url: str, email: str, password: str) -> None:
    """Log in and use what a program would use first."""
    stranger = AuthenticatedClient(base_url=url, token="none")
    refused(who_am_i.sync_detailed(client=stranger), HTTPStatus.UNAUTHORIZED)
    login = Login(email=email, password=password)
    answer = log_in_with_password.sync_detailed(client=Client(base_url=url), body=login)
    known = AuthenticatedClient(base_url=url, token=must(LoggedIn, answer).access_token)
    live(known)

    too_many = list_entities.sync_detailed(client=known, limit=1000)
    wrong = refused(too_many, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert isinstance(wrong.errors, list)
    assert isinstance(wrong.errors[0], Fault)
    assert wrong.errors[0].pointer == "/limit"

    feed = NewSource(name="Generated Python", url="https://py.example.org/feed.xml")
    source = must(Source, create_source.sync_detailed(client=known, body=feed))
    assert isinstance(source.schedule, Interval)


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("smoke passed")
