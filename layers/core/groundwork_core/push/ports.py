"""Ports of push."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from groundwork_core.push.rules import HubSubscription
from groundwork_core.unit_of_work import Transaction


class PushStore(Protocol):
    """The subscriptions of sources at hubs."""

    def notice(self, source_id: UUID, hub: str | None, topic: str | None) -> None:
        """Note which hub and topic a feed names; another one, or none, ends the subscription."""
        ...

    def claim_due(self, now: datetime) -> HubSubscription | None:
        """Lock one subscription that is to be asked for or renewed."""
        ...

    def ask(self, source_id: UUID, encrypted: str, retry_at: datetime) -> None:
        """Note that a hub is being asked, and the secret that was sent."""
        ...

    def find(self, callback_id: UUID) -> HubSubscription | None:
        """Return a subscription by its callback."""
        ...

    def confirm(self, callback_id: UUID, until: datetime, renew_at: datetime) -> None:
        """Note that a hub has confirmed a subscription."""
        ...

    def refuse(self, callback_id: UUID, again_at: datetime) -> None:
        """Note that a hub has refused a subscription."""
        ...

    def pushed(self, callback_id: UUID, now: datetime) -> None:
        """Note a push, and make the source due; at most once a minute after its last poll."""
        ...

    def after_poll(self, source_id: UUID, found: int, now: datetime) -> None:
        """Count what was found without a push, and put off the next poll of a pushed feed."""
        ...


class PushWork(Transaction, Protocol):
    """A unit of work with subscriptions."""

    @property
    def push(self) -> PushStore:
        """The subscriptions."""
        ...


class AskHub(Protocol):
    """Sends a form to a hub, guarded against addresses that are not public."""

    def __call__(self, hub: str, form: Mapping[str, str]) -> int | None:
        """Return the status of the answer; None: there was none."""
        ...
