"""Ports of push."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from groundwork_core.push.rules import HubSubscription
from groundwork_core.unit_of_work import Transaction


class PushStore(Protocol):
    """Stores the subscriptions of sources at hubs."""

    def notice(self, source_id: UUID, hub: str | None, topic: str | None) -> None:
        """Store the hub and topic that a feed names; a change ends its subscription."""
        ...

    def claim_due(self, now: datetime) -> HubSubscription | None:
        """Lock one subscription that is to be requested or renewed; return it, or None."""
        ...

    def ask(self, source_id: UUID, encrypted: str, retry_at: datetime) -> None:
        """Store the secret of a request to a hub, and when to repeat the request."""
        ...

    def find(self, callback_id: UUID) -> HubSubscription | None:
        """Return a subscription by its callback."""
        ...

    def confirm(self, callback_id: UUID, until: datetime, renew_at: datetime) -> None:
        """Store that a hub has confirmed a subscription."""
        ...

    def refuse(self, callback_id: UUID, again_at: datetime) -> None:
        """Store that a hub has refused a subscription."""
        ...

    def pushed(self, callback_id: UUID, now: datetime) -> None:
        """Store that a push came, and make its source due; at most once a minute after a poll."""
        ...

    def after_poll(self, source_id: UUID, found: int, now: datetime) -> None:
        """Count documents that were found without a push; delay the next poll of a pushed feed."""
        ...


class PushWork(Transaction, Protocol):
    """A unit of work with subscriptions."""

    @property
    def push(self) -> PushStore:
        """The subscriptions."""
        ...


class AskHub(Protocol):
    """Sends a form to a hub, but not to addresses that are not public."""

    def __call__(self, hub: str, form: Mapping[str, str]) -> int | None:
        """Return the status of the response, or None if there was none."""
        ...
