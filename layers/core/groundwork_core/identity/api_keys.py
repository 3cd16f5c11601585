"""API keys as a REST resource. A key belongs to its user, and is told once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from groundwork_core.identity.resources import Permission, as_set
from groundwork_core.resources.field_types import Moment, Text
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

KeyName = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Scopes = Annotated[
    tuple[Permission, ...],
    Field(fail_fast=True, min_length=1, max_length=200),
    AfterValidator(as_set),
]


class ApiKey(Representation):
    """A key that its user gave to a program."""

    user_id: UUID
    name: str
    scopes: list[str] = Field(
        description="What it may do, as far as its user still may: never more."
    )
    prefix: str = Field(description="How it begins, to recognise it by.")
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None
    parent_id: UUID | None = Field(
        description="The key that made it, with which it ends; null: its user in person."
    )


class MadeApiKey(ApiKey):
    """A new key, with its words: shown this once, and kept by nobody but the client."""

    key: str = Field(
        description="Send it as `X-API-Key`.",
        examples=["gw_live_000000000000000000000000000000"],
    )


class NewApiKey(Input):
    """A key to be made for the caller."""

    name: KeyName
    scopes: Scopes
    expires_at: Moment | None = Field(
        None,
        description="A key that is made with a key ends with that one, or earlier."
        " Left out, it is the maker's; a later time or null is refused.",
    )


class ApiKeyPatch(Input):
    """Changes of a key. To end it for good there is `/revoke`, or to remove it."""

    name: KeyName = ""
    scopes: Scopes = ()
    expires_at: Moment | None = None


class StoredApiKey(Input):
    """What is kept of a key: a hash in place of its words."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    prefix: str = ""
    key_hash: str = Field("", repr=False)
    """As Postgres reads bytes from a text."""
    parent_id: UUID | None = None


API_KEYS = Resource(
    name="api-keys",
    singular="api key",
    model=ApiKey,
    create=NewApiKey,
    patch=ApiKeyPatch,
    filters=(Filter("name"),),
    sorts={"name": Sort("text")},
    owner="user_id",
    shown_once=MadeApiKey,
)
