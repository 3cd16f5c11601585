"""Ports of webhooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.audit.ports import AuditedWork
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import RelayWork
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.webhooks.schedule import EndpointHealth, Outcome


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook that gets messages, and its events."""

    webhook_id: UUID
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One event for one webhook. The event's data stays in the outbox and is not copied."""

    webhook_id: UUID
    outbox_id: int
    type: str


@dataclass(frozen=True, slots=True)
class LeasedEndpoint:
    """An endpoint that a sender has leased."""

    webhook_id: UUID
    url: str
    secret: str = field(repr=False)
    """Encrypted, as `previous`."""
    previous: str | None = field(repr=False)
    """The previous secret, while messages are signed with it as well."""
    permissions: frozenset[str]
    """Permissions of the webhook's owner; none if the owner is not active."""
    max_in_flight: int
    failures: int
    """Consecutive ones."""


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is due, with its event; `happened_at` is None if the event was deleted."""

    id: UUID
    webhook_id: UUID
    type: str
    attempts: int
    data: Mapping[str, JsonValue]
    happened_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeAttempt:
    """The outcome of one attempt."""

    message: DueMessage
    at: datetime
    duration_ms: int
    outcome: Outcome
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The new state of a message; only the status `pending` has `due_at`."""

    message_id: UUID
    status: str
    attempts: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeaseAsk:
    """A sender's request for messages."""

    token: UUID
    now: datetime
    until: datetime
    endpoints: int
    """Maximum number of endpoints to lease in addition to those that the sender has."""
    prefetch: int
    """Number of messages that it takes of an endpoint that it leases."""
    room: Mapping[UUID, int]
    """Endpoints that it has, and how many more messages it takes of each."""
    held: Collection[UUID]
    """Messages that it has already."""


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """The number of endpoints in one state."""

    state: str
    """`ok`, `failing`, `warned`, `disabled` (by us), or `off` (by a client)."""
    endpoints: int
    oldest_seconds: float
    """Age of the oldest message that is due at an endpoint that does not fail."""


class WebhookStore(Protocol):
    """The messages and endpoints of webhooks."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the webhooks that get messages: enabled ones, and those disabled for failures."""
        ...

    def add(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order, except those that exist already; return how many are new."""
        ...

    def add_test(self, webhook_id: UUID, now: datetime) -> UUID:
        """Add a test event and its message; return the message's id."""
        ...

    def sender_awake(self) -> bool:
        """Return whether a sender will look for messages again in a second or later."""
        ...

    def stay_awake(self, seconds: float) -> None:
        """Store that this sender looks for messages again within so many seconds."""
        ...

    def lease(self, ask: LeaseAsk) -> list[DueMessage]:
        """Lease endpoints with due messages and a closed circuit; return messages to send.

        The messages are those of the leased endpoints, and of endpoints that the sender already
        has, in
        the order in which to send them. An endpoint is leased by one sender at a time, which keeps
        its
        order and its `max_in_flight`. If a lease is not renewed it expires, and another sender
        sends
        the messages that were not settled.
        """
        ...

    def renew(self, token: UUID, until: datetime, now: datetime) -> list[LeasedEndpoint]:
        """Renew the leases of a sender; return the endpoints that it may send to."""
        ...

    def give_back(self, token: UUID, webhooks: Collection[UUID]) -> None:
        """End leases of this sender."""
        ...

    def lock_health(self, webhooks: Collection[UUID]) -> Mapping[UUID, EndpointHealth]:
        """Lock endpoints and return their health."""
        ...

    def keep_health(self, health: Mapping[UUID, EndpointHealth]) -> None:
        """Store the health of endpoints."""
        ...

    def keep_attempts(self, attempts: Sequence[MadeAttempt]) -> None:
        """Insert attempts, which `GET /webhooks/{id}/attempts` lists."""
        ...

    def settle(self, settled: Sequence[Settled]) -> None:
        """Store the new state of messages, except those that have ended in the meantime."""
        ...

    def disable(self, webhook_id: UUID) -> bool:
        """Disable a webhook because its endpoint fails; return False if it is disabled already."""
        ...

    def announce(self, webhook_id: UUID, became: str | None, data: Mapping[str, JsonValue]) -> None:
        """Add a change of a webhook, with its new state, to the outbox.

        `became` makes it an event; without it, the row only wakes a sender.
        """
        ...

    def next_due_seconds(self, token: UUID, now: datetime) -> float | None:
        """Return in how many seconds the next message is due that this sender may send.

        Returns None if there is none, or if other senders have their endpoints.
        """
        ...

    def counts(self, now: datetime) -> Sequence[EndpointCount]:
        """Count endpoints by state."""
        ...

    def events_of(self, webhook_id: UUID) -> Sequence[str]:
        """Return the events of a webhook; empty if there is none."""
        ...

    def enable(self, webhook_id: UUID) -> bool:
        """Enable a webhook; return False if it does not exist. No change if it is enabled."""
        ...

    def try_at_once(self, webhook_id: UUID) -> None:
        """Reset an endpoint's failures, and make its waiting messages due now."""
        ...

    def keep_secret(self, webhook_id: UUID, encrypted: str) -> None:
        """Store the secret of a webhook that has none."""
        ...

    def lock_secret(self, webhook_id: UUID) -> str | None:
        """Lock a webhook's secret and return it, encrypted, or None if there is none."""
        ...

    def replace_secret(
        self, webhook_id: UUID, encrypted: str, previous: str | None, previous_until: datetime
    ) -> None:
        """Store a new secret. Messages are signed with the previous one too, until a time."""
        ...

    def plain_secrets(self, limit: int) -> Sequence[tuple[UUID, str]]:
        """Remove secrets that are stored as plain text, and return them by webhook."""
        ...

    def events_since(
        self, since: datetime, after: tuple[int, int], limit: int
    ) -> list[tuple[OutboxRow, datetime]]:
        """Return events of the outbox in order, with their times, without most of their data."""
        ...

    def send_again(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order; send those that exist again, with their ids.

        Messages that wait for their first attempt are moved to their place in the order. Returns
        how many.
        """
        ...


class WebhooksWork(ResourceWork, AuditedWork, Protocol):
    """A unit of work with webhooks."""

    @property
    def webhooks(self) -> WebhookStore:
        """The messages and endpoints of webhooks."""
        ...


class WebhookRelayWork(RelayWork, Protocol):
    """A unit of work of the relay, with webhooks."""

    @property
    def webhooks(self) -> WebhookStore:
        """The messages and endpoints of webhooks."""
        ...


class PostMessage(Protocol):
    """Makes the HTTP request of one attempt. Thread-safe."""

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Outcome, str | None]:
        """POST a message; return the outcome and the first 1 KB of the response.

        The address is resolved and checked again, and redirects are not followed. Whatever the
        endpoint does, this never raises and ends within a fixed time.
        """
        ...


class SenderObserver(Protocol):
    """Gets the results of a sender, for logs and metrics. Thread-safe."""

    def settled(self, made: Sequence[MadeAttempt]) -> None:
        """Record attempts that were stored."""
        ...

    def ended(self) -> None:
        """Record that the run has ended."""
        ...

    def failed(self, error: BaseException) -> None:
        """Record an internal error."""
        ...
