"""Who comes in: what an operation needs is checked, and who acts is told to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.audit.actor import Actor
from groundwork_core.errors import Forbidden
from groundwork_runtime.http.router import IN_PERSON, SIGNED_IN

if TYPE_CHECKING:
    from groundwork_core.caller import Caller
    from groundwork_runtime.http.request import Request
    from groundwork_runtime.wiring import Wiring

PRIVILEGED = frozenset({"users:write", "roles:write", "configurations:write", "api-keys:write"})
"""What a revocation must stop at once: the caller's standing is read anew each time."""
NO_PERMISSIONS = frozenset({SIGNED_IN, IN_PERSON})
"""Where being known is enough. What is done there to one's own account is privileged too."""
NOBODY = "system"
"""Who acts where nobody has said who they are, as at a login."""


def admit(needs: str | None, request: Request, wiring: Wiring) -> Caller | None:
    """Return the caller; None where the operation needs none.

    Raises:
        Unauthenticated: no credentials, or none that hold.
        Forbidden: known, but not allowed.
        Unavailable: the database cannot be reached to check them.
    """
    if needs is None:
        wiring.database.actor = Actor(NOBODY, None, request.address, request.id)
        return None
    if needs in PRIVILEGED or (needs in NO_PERMISSIONS and request.method != "GET"):
        caller = wiring.callers.of(request.headers, at_most_seconds=0)
    else:
        caller = wiring.callers.of(request.headers)
    wiring.database.actor = Actor(caller.principal, caller.user_id, request.address, request.id)
    if needs == IN_PERSON and caller.key_id is not None:
        raise Forbidden("An API key cannot do this; log in.")
    if needs not in NO_PERMISSIONS and needs not in caller.permissions:
        caller.must(needs)
    return caller
