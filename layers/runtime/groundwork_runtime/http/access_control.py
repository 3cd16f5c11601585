"""Authenticate, rate-limit and authorize a request; set the audit actor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groundwork_core.audit.actor import Actor
from groundwork_core.errors import Forbidden, Throttled
from groundwork_runtime.http.rate_limit_headers import limit_headers
from groundwork_runtime.http.router import GET, HEAD, IN_PERSON, SIGNED_IN, permissions_of

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.http.request_context import RequestContext

PRIVILEGED = frozenset({"users:write", "roles:write", "configurations:write", "api-keys:write"})
"""Permissions that a revocation must end at once: the caller's rights are not cached for them."""
NO_PERMISSIONS = frozenset({SIGNED_IN, IN_PERSON})
"""Needs that any authenticated caller meets. Writes with them (to the own account) are privileged
too."""
READS = (GET, HEAD)
ANONYMOUS = "system"
"""The audit actor of requests without authentication, such as a login."""


def authorize(needs: str | None, context: RequestContext) -> Caller | None:
    """Return the caller of the current request; None if the operation needs no authentication.

    Raises:
        Unauthenticated: credentials are missing or invalid.
        Throttled: the principal exceeded its rate limit.
        Forbidden: the caller lacks a permission.
        Unavailable: the database is needed and cannot be reached.
    """
    request, wiring = context.request, context.wiring
    if needs is None:
        wiring.database.actor = Actor(ANONYMOUS, None, request.address, request.id)
        return None
    caller = context.caller = wiring.authenticator.authenticate(request.headers)
    # First, so that rejecting a flood of requests takes no query.
    _limit(caller, context)
    request.charge = lambda tokens: _limit(caller, context, tokens)
    if not PRIVILEGED.isdisjoint(permissions_of(needs)) or (
        needs in NO_PERMISSIONS and request.method not in READS
    ):
        return authorize_uncached(needs, context)
    return _authorized(caller, needs, context)


def authorize_uncached(needs: str, context: RequestContext) -> Caller:
    """Return the caller, with rights read from the database now.

    Raises the errors of `authorize`.
    """
    caller = context.wiring.authenticator.authenticate(context.request.headers, at_most_seconds=0)
    return _authorized(caller, needs, context)


def _authorized(caller: Caller, needs: str, context: RequestContext) -> Caller:
    request = context.request
    if needs == IN_PERSON and caller.key_id is not None:
        raise Forbidden("This operation does not accept API keys; use an access token.")
    permissions = permissions_of(needs)
    for permission in permissions:
        caller.must(permission)
    writes = request.method not in READS and (
        needs in NO_PERMISSIONS or any(one.endswith(":write") for one in permissions)
    )
    context.wiring.database.actor = Actor(
        caller.principal,
        caller.user_id,
        request.address,
        request.id,
        caller.key_id,
        caller.rights_stamp if writes else "",
    )
    return caller


def _limit(caller: Caller, context: RequestContext, tokens: int = 1) -> None:
    limiter = context.wiring.limiter
    status = limiter.take(caller.principal, tokens) if limiter and tokens else None
    if status is None:
        return
    context.headers = limit_headers(status)
    if not status.allowed:
        raise Throttled(
            f"The rate limit of {status.rate.per_second} requests per second is exceeded.",
            retry_after_seconds=math.ceil(status.wait_seconds),
        )
