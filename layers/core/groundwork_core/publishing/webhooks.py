"""Webhooks as a REST resource: addresses that are told of events, in signed messages."""

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
    """An address that is told of events. The secret that signs its messages is not shown."""

    url: str
    events: list[str]
    enabled: bool


class CreatedWebhook(Webhook):
    """A webhook just made, with its secret: shown this once."""

    secret: str


class NewWebhook(Input):
    """An address to be told of events."""

    url: ReachableAddress
    events: Events
    enabled: bool = True


class WebhookPatch(Input):
    """Changes of a webhook. Its secret stays."""

    url: ReachableAddress = ""
    events: Events = ()
    enabled: bool = True


class StoredWebhook(NewWebhook):
    """A webhook as it is kept."""

    secret: str = Field("", repr=False)


class WebhookWriteHooks(NoWriteHooks[ResourceWork]):
    """A new webhook gets a secret, and its address must be public."""

    def __init__(self, allowed: AllowedTargets) -> None:
        """Take what may be reached besides public addresses. No secret is made yet."""
        self._allowed = allowed
        self._secret: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: ResourceWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the address, and add the secret to what is kept of a new one.

        Raises:
            Invalid: the address is inside our own network.
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
        """Show the secret just made."""
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
