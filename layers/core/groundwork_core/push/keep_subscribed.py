"""Request subscriptions from hubs, and renew them in time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption, SecretPlace
from groundwork_core.errors import SecretUnreadable
from groundwork_core.push.ports import AskHub, PushWork
from groundwork_core.push.rules import LEASE, HubSubscription, retry_at

PER_RUN = 100
PATH = "/api/v1/push"
ACCEPTED = range(200, 300)


def keep_subscribed(
    *,
    work: Callable[[], PushWork],
    clock: Clock,
    ask: AskHub,
    encryption: Encryption,
    public_url: str,
    limit: int = PER_RUN,
) -> int:
    """Request new subscriptions and renew those that end soon; return how many hubs accepted.

    The secret is stored before the request, because the hub may confirm the subscription before it
    responds. A hub that does not confirm gets another request after a pause, which grows.
    """
    accepted = 0
    for _ in range(limit):
        now = clock.now()
        with work() as open_work:
            due = open_work.push.claim_due(now)
            if due is None:
                break
            secret, encrypted = _secret(due, encryption)
            open_work.push.ask(due.source_id, encrypted, retry_at(due.tries, now))
        form = {
            "hub.mode": "subscribe",
            "hub.topic": due.topic,
            "hub.callback": f"{public_url}{PATH}/{due.callback_id}",
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
            "hub.secret": secret,
        }
        accepted += ask(due.hub, form) in ACCEPTED
    return accepted


def place_of(subscription: HubSubscription) -> SecretPlace:
    """Return where the secret of a subscription is stored."""
    return SecretPlace("push_subscriptions", "encrypted", subscription.source_id)


def _secret(due: HubSubscription, encryption: Encryption) -> tuple[str, str]:
    """Return the secret to send and its encrypted form; a renewal uses the current secret."""
    if due.status == "active" and due.encrypted is not None:
        with suppress(SecretUnreadable):
            return encryption.decrypt(due.encrypted, place_of(due)), due.encrypted
    secret = secrets.token_urlsafe(32)
    return secret, encryption.encrypt(secret, place_of(due))
