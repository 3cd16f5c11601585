"""Users."""

from groundwork_core.caller import Caller
from groundwork_core.identity.account_hooks import UserWriteHooks
from groundwork_core.identity.resources import USERS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, caller: Caller) -> UserWriteHooks:
    """Return the hooks: permission rules; a new password or disabling ends sessions."""
    # The first password imports the hashing library, not the cold start.
    return UserWriteHooks(by=caller, hasher=lambda: wiring.password_hasher, clock=wiring.clock)


router = Router()
ResourceRoutes(USERS, write_hooks).register(router)
