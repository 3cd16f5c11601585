"""The rules of subscriptions. Pure functions."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

LEASE = timedelta(days=10)
"""The longest subscription that we request, and that we accept from a hub."""
SHORTEST_LEASE = timedelta(minutes=5)
RENEWED_BEFORE = 0.9
"""The share of a lease after which it is renewed."""
BACKUP_PAUSE = timedelta(hours=24)
"""The pause between polls of a feed whose hub delivers."""
MISSED_MOST = 3
"""Backup polls that find entries which were not pushed, after which a hub is distrusted."""
DISTRUST = timedelta(days=30)
FIRST_RETRY = timedelta(minutes=10)
LONGEST_RETRY = timedelta(days=1)
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
"""The algorithms of signatures in WebSub section 5.1."""

Status = Literal["wanted", "asked", "active", "refused", "distrusted"]


@dataclass(frozen=True, slots=True)
class HubSubscription:
    """The subscription of a source to the topic of its hub."""

    source_id: UUID
    callback_id: UUID
    hub: str
    topic: str
    status: Status
    encrypted: str | None
    """The secret that signs pushes."""
    until: datetime | None
    tries: int


def retry_at(tries: int, now: datetime) -> datetime:
    """Return when to repeat a request that a hub has not confirmed.

    The pause doubles up to a day.
    """
    doubled: int = 2 ** min(tries, 10)
    return now + min(FIRST_RETRY * doubled, LONGEST_RETRY)


def lease_until(seconds: int | None, now: datetime) -> datetime:
    """Return the end of a lease that a hub granted, within our own limits."""
    granted = LEASE if seconds is None else timedelta(seconds=min(seconds, 10**9))
    return now + max(SHORTEST_LEASE, min(granted, LEASE))


def renew_at(until: datetime, now: datetime) -> datetime:
    """Return when to renew a lease that ends at `until`."""
    return now + RENEWED_BEFORE * (until - now)


def is_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Return whether the header `method=hex` is the HMAC of the body. Constant time."""
    method, _, given = (header or "").partition("=")
    if method not in ALGORITHMS or not given.isascii():
        return False
    expected = hmac.new(secret.encode(), body, method).hexdigest()
    return hmac.compare_digest(expected, given.lower())


def challenge_of(
    subscription: HubSubscription | None, query: Mapping[str, str]
) -> tuple[str, int | None] | None:
    """Return the challenge to repeat and the granted seconds; None if we did not request this."""
    if subscription is None or subscription.status not in ("asked", "active"):
        return None
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or query.get("hub.topic") != subscription.topic:
        return None
    if not challenge:
        return None
    lease = query.get("hub.lease_seconds", "")
    return challenge, int(lease) if lease.isascii() and lease.isdecimal() and lease else None


def is_denial(subscription: HubSubscription | None, query: Mapping[str, str]) -> bool:
    """Return whether a hub refuses the subscription that we requested (section 5.2)."""
    return (
        subscription is not None
        and query.get("hub.mode") == "denied"
        and query.get("hub.topic") == subscription.topic
    )
