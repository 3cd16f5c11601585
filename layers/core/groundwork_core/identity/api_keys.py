"""API keys as a REST resource. A key belongs to a user and is shown once."""

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
    """A key with which a program acts for its user."""

    user_id: UUID
    name: str
    scopes: list[str] = Field(
        description="Permissions of the key; those that its user no longer has are not effective."
    )
    prefix: str = Field(
        description="The first characters of the key, by which people recognize it."
    )
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Rounded to the minute.")
    revoked_at: datetime | None
    parent_id: UUID | None = Field(
        description="The key that created it; it ends with that key. Null: created by its user."
    )


class MadeApiKey(ApiKey):
    """A new API key. `key` is shown in this response only."""

    key: str = Field(
        description="Send it as `X-API-Key`.",
        examples=["gw_live_000000000000000000000000000000"],
    )


class NewApiKey(Input):
    """An API key to create for the caller."""

    name: KeyName
    scopes: Scopes
    expires_at: Moment | None = Field(
        None,
        description="If another API key creates this one, the default is the expiry of that key; a"
        " later time or null is refused.",
    )


class ApiKeyPatch(Input):
    """Changes of an API key. Revoke or delete a key to end its use."""

    name: KeyName = ""
    scopes: Scopes = ()
    expires_at: Moment | None = None


class StoredApiKey(Input):
    """An API key as stored: with a hash in place of the key."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    prefix: str = ""
    key_hash: str = Field("", repr=False)
    """The hash of the key, in the text form of Postgres' bytea."""
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
