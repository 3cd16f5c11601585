"""Webhooks as a REST resource: addresses that get our events in signed messages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from groundwork_core.resources.field_types import Word
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.resource import Filter, Input, Representation, Resource
from groundwork_core.resources.write_hooks import NoWriteHooks
from groundwork_core.web.address import ReachableAddress, check_private
from groundwork_core.web.reachability import AllowedTargets

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with, so that scanners know it
SECRET_BYTES = 32

Events = Annotated[tuple[Word, ...], Field(fail_fast=True, min_length=1, max_length=100)]


class Webhook(Representation):
    """An address that gets events. The secret that signs its messages is not shown."""

    url: str
    events: list[str]
    enabled: bool


class CreatedWebhook(Webhook):
    """A new webhook. `secret` is shown in this response only."""

    secret: str


class NewWebhook(Input):
    """A webhook to create."""

    url: ReachableAddress
    events: Events
    enabled: bool = True


class WebhookPatch(Input):
    """Changes of a webhook. Its secret cannot change."""

    url: ReachableAddress = ""
    events: Events = ()
    enabled: bool = True


class StoredWebhook(NewWebhook):
    """A webhook as it is stored."""

    secret: str = Field("", repr=False)


class WebhookWriteHooks(NoWriteHooks[ResourceWork]):
    """Makes the secret of a new webhook; refuses addresses that are not public."""

    def __init__(self, allowed: AllowedTargets) -> None:
        """`allowed` are the targets that may be reached though they are not public."""
        self._allowed = allowed
        self._secret: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: ResourceWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the address, and add the secret of a new webhook.

        Raises:
            Invalid: the address is not public.
        """
        if isinstance(given, NewWebhook | WebhookPatch) and "url" in given.model_fields_set:
            check_private(given.url, self._allowed)
        if row_id is not None:
            return given
        self._secret = SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        return StoredWebhook(
            **given.model_dump(include=given.model_fields_set), secret=self._secret
        )

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the new secret."""
        return {} if self._secret is None else {"secret": self._secret}


WEBHOOKS = Resource(
    name="webhooks",
    singular="webhook",
    model=Webhook,
    create=NewWebhook,
    patch=WebhookPatch,
    shown_once=CreatedWebhook,
    filters=(Filter("enabled", "flag"),),
)
