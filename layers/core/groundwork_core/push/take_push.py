"""Respond to hubs: to their verification of a subscription, and to their pushes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import NotFound, SecretUnreadable
from groundwork_core.push.keep_subscribed import place_of
from groundwork_core.push.ports import PushWork
from groundwork_core.push.rules import (
    DISTRUST,
    challenge_of,
    is_denial,
    is_signed,
    lease_until,
    renew_at,
)

log = logging.getLogger(__name__)


def verify_intent(
    callback_id: UUID, query: Mapping[str, str], *, work: PushWork, clock: Clock
) -> str:
    """Return the challenge of a subscription that we requested; store the hub's decision.

    Raises:
        NotFound: we did not request this subscription.
    """
    now = clock.now()
    with work:
        found = work.push.find(callback_id)
        if is_denial(found, query):
            work.push.refuse(callback_id, now + DISTRUST)
            return ""
        asked = challenge_of(found, query)
        if asked is None:
            raise NotFound("This subscription does not exist.")
        challenge, seconds = asked
        until = lease_until(seconds, now)
        work.push.confirm(callback_id, until, renew_at(until, now))
    return challenge


def take_push(
    callback_id: UUID,
    body: bytes,
    signature: str | None,
    *,
    work: PushWork,
    clock: Clock,
    encryption: Encryption,
) -> bool:
    """Make the source of a signed push due; return False if the subscription no longer exists.

    The content of a push is not read: the feed is polled instead. So false, repeated or very many
    pushes change nothing but the time of a poll. A push with a wrong signature is ignored.
    """
    now = clock.now()
    with work:
        found = work.push.find(callback_id)
        if found is None or found.status != "active" or found.until is None or found.until <= now:
            return False
        if found.encrypted is None:
            return False
        try:
            secret = encryption.decrypt(found.encrypted, place_of(found))
        except SecretUnreadable:
            return False
        if is_signed(secret, body, signature):
            work.push.pushed(callback_id, now)
        else:
            log.warning("a push has no valid signature", extra={"source_id": str(found.source_id)})
    return True
