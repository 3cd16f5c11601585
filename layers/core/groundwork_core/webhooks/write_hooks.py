"""Hooks of writes of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.caller import Caller
from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import Fault, Invalid
from groundwork_core.publishing.signatures import new_secret
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks
from groundwork_core.web.address import check_private
from groundwork_core.web.reachability import AllowedTargets
from groundwork_core.webhooks.event_types import EVENT_TYPES, unknown
from groundwork_core.webhooks.ports import WebhooksWork
from groundwork_core.webhooks.resource import (
    NewWebhook,
    StoredWebhook,
    StoredWebhookPatch,
    WebhookPatch,
)
from groundwork_core.webhooks.secrets import keep_secret

DECIDES = frozenset({"url", "events"})
"""A user who sets one of these decides who reads the events, and so becomes the owner."""


class WebhookWriteHooks(NoWriteHooks[WebhooksWork]):
    """Checks address, events and rights; generates the secret; makes waiting messages due."""

    def __init__(self, allowed: AllowedTargets, caller: Caller, encryption: Encryption) -> None:
        """`allowed` are the targets that may be reached although they are not public."""
        self._allowed = allowed
        self._caller = caller
        self._encryption = encryption
        self._secret: str | None = None
        self._enable = False

    def prepare(self, given: Input, row_id: UUID | None, work: WebhooksWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check the input, and add the owner and a new webhook's secret.

        Raises:
            Invalid: the address is not public, or an event does not exist.
            Forbidden: the caller may not read what an event shows.
        """
        if not isinstance(given, NewWebhook | WebhookPatch):
            return given
        fields = given.model_fields_set
        if "url" in fields:
            check_private(given.url, self._allowed)
        if "events" in fields:
            self._check_events(given.events)
        values = given.model_dump(include=set(fields))
        if isinstance(given, NewWebhook):
            self._secret = new_secret()
            return StoredWebhook(**values, owner_id=self._caller.user_id)
        self._enable = "enabled" in fields and given.enabled
        if DECIDES.isdisjoint(fields):
            return given
        return StoredWebhookPatch(**values, owner_id=self._caller.user_id)

    def _check_events(self, events: tuple[str, ...]) -> None:
        wrong = unknown(events)
        if wrong:
            detail = "is not an event; events are [topic].[type], such as contents.published"
            faults = tuple(Fault(f"/events/{place}", detail) for place in wrong)
            raise Invalid("The input is invalid; see errors.", faults)
        for event in events:
            self._caller.must(EVENT_TYPES[event])

    def after_create(self, row_id: UUID, new: Input, work: WebhooksWork) -> None:  # noqa: ARG002 - as above
        """Store the secret, encrypted.

        Raises:
            Unavailable: there is no data key, or the secret store cannot be reached.
        """
        if self._secret is not None:
            keep_secret(row_id, self._secret, webhooks=work.webhooks, encryption=self._encryption)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: WebhooksWork) -> None:
        """Check that the new owner may read the events' data, even if only the address changes.

        Raises:
            Forbidden: the caller may not read what an event shows.
        """
        if "url" in fields and "events" not in fields:
            for event in work.webhooks.events_of(row_id):
                self._caller.must(EVENT_TYPES.get(event, "webhooks:write"))

    def after_change(self, row_id: UUID, fields: frozenset[str], work: WebhooksWork) -> None:  # noqa: ARG002 - as above
        """Make waiting messages due if the webhook was enabled."""
        if self._enable:
            work.webhooks.try_at_once(row_id)

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the new secret."""
        return {} if self._secret is None else {"secret": self._secret}
