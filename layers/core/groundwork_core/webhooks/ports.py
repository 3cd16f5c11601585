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
    """One event for one webhook. The event stays in the outbox; nothing is copied."""

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
    """Of its owner; none if the owner is not active."""
    max_in_flight: int
    failures: int
    """Consecutive ones."""


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is due, with its event; `happened_at` None: the event is gone."""

    id: UUID
    webhook_id: UUID
    type: str
    attempts: int
    data: Mapping[str, JsonValue]
    happened_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeAttempt:
    """An attempt that has ended."""

    message: DueMessage
    at: datetime
    duration_ms: int
    outcome: Outcome
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The new state of a message; only `pending` has `due_at`."""

    message_id: UUID
    status: str
    attempts: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeaseAsk:
    """What a sender asks for."""

    token: UUID
    now: datetime
    until: datetime
    endpoints: int
    """How many endpoints it may lease beside those that it has."""
    prefetch: int
    """How many messages it takes of an endpoint that it leases."""
    room: Mapping[UUID, int]
    """Endpoints that it has, and how many more messages it takes of each."""
    held: Collection[UUID]
    """Messages that it has already."""


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """How many endpoints are in one state."""

    state: str
    """`ok`, `failing`, `warned`, `disabled` (by us), or `off` (by a client)."""
    endpoints: int
    oldest_seconds: float
    """Age of the oldest message that is due at an endpoint that does not fail."""


class WebhookStore(Protocol):
    """Webhooks' messages and endpoints."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the webhooks that get messages: enabled ones, and those that we disabled."""
        ...

    def add(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order; those that are there stay. Return how many are new."""
        ...

    def add_test(self, webhook_id: UUID, now: datetime) -> UUID:
        """Add an event and a message that tests an endpoint; return the message's id."""
        ...

    def sender_awake(self) -> bool:
        """Whether a sender will look again in a second or later."""
        ...

    def stay_awake(self, seconds: float) -> None:
        """Say that this sender looks again after so many seconds at the latest."""
        ...

    def lease(self, ask: LeaseAsk) -> list[DueMessage]:
        """Lease endpoints that have due messages and a closed circuit; return what is due.

        Messages come in the order in which they are to be sent, of the endpoints that the sender
        has as well. An endpoint is leased by one sender at a time, so that its order and its
        `max_in_flight` hold. A lease that is not renewed expires, and another sender sends what
        was not settled.
        """
        ...

    def renew(self, token: UUID, until: datetime, now: datetime) -> list[LeasedEndpoint]:
        """Renew the leases of a sender; return the endpoints that it has and may send to."""
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
        """Store the new state of messages, except of those that have ended meanwhile."""
        ...

    def disable(self, webhook_id: UUID) -> bool:
        """Disable a webhook for its endpoint's failures; False: it is disabled already."""
        ...

    def announce(self, webhook_id: UUID, became: str | None, data: Mapping[str, JsonValue]) -> None:
        """Add an event to the outbox: the change of a webhook, and its new state.

        Without `became` it is no event, and only wakes a sender.
        """
        ...

    def next_due_seconds(self, token: UUID, now: datetime) -> float | None:
        """Return in how many seconds the next message is due that this sender could send.

        None: there is none, or other senders have their endpoints.
        """
        ...

    def counts(self, now: datetime) -> Sequence[EndpointCount]:
        """Count endpoints by state."""
        ...

    def events_of(self, webhook_id: UUID) -> Sequence[str]:
        """Return the events of a webhook; empty if there is none."""
        ...

    def enable(self, webhook_id: UUID) -> bool:
        """Enable a webhook; False: there is none. Changes nothing if it is enabled."""
        ...

    def try_at_once(self, webhook_id: UUID) -> None:
        """Forget an endpoint's failures, and let its waiting messages be due now."""
        ...

    def keep_secret(self, webhook_id: UUID, encrypted: str) -> None:
        """Store the secret of a webhook that has none."""
        ...

    def lock_secret(self, webhook_id: UUID) -> str | None:
        """Lock a webhook's secret and return it, encrypted; None: there is none."""
        ...

    def replace_secret(
        self, webhook_id: UUID, encrypted: str, previous: str | None, previous_until: datetime
    ) -> None:
        """Store a new secret; the previous one signs too until then."""
        ...

    def plain_secrets(self, limit: int) -> Sequence[tuple[UUID, str]]:
        """Move secrets that were stored before they were encrypted out of their webhooks."""
        ...

    def events_since(
        self, since: datetime, after: tuple[int, int], limit: int
    ) -> list[tuple[OutboxRow, datetime]]:
        """Return events of the outbox in their order, with their times, without most data."""
        ...

    def send_again(self, messages: Sequence[NewMessage], now: datetime) -> int:
        """Add messages in this order; those that are there are sent again, with their ids.

        Those that wait for their first attempt are moved into the order. Returns how many.
        """
        ...


class WebhooksWork(ResourceWork, AuditedWork, Protocol):
    """A unit of work that knows webhooks."""

    @property
    def webhooks(self) -> WebhookStore:
        """Webhooks' messages and endpoints."""
        ...


class WebhookRelayWork(RelayWork, Protocol):
    """A unit of work of the relay that knows webhooks."""

    @property
    def webhooks(self) -> WebhookStore:
        """Webhooks' messages and endpoints."""
        ...


class PostMessage(Protocol):
    """Makes one attempt. Thread-safe."""

    def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Outcome, str | None]:
        """POST a message; return the outcome and the first 1 KB of the answer.

        The address is resolved and checked again, and a redirect is not followed. Never raises for
        anything that the endpoint does, and ends within a fixed time.
        """
        ...


class SenderObserver(Protocol):
    """Gets what a sender did, for logs and metrics. Thread-safe."""

    def settled(self, made: Sequence[MadeAttempt]) -> None:
        """Record attempts that are stored."""
        ...

    def ended(self) -> None:
        """Record that the run has ended."""
        ...

    def failed(self, error: BaseException) -> None:
        """Record an error of ours."""
        ...
