"""Users."""

from groundwork_core.caller import Caller
from groundwork_core.identity.account_hooks import UserWriteHooks
from groundwork_core.identity.resources import USERS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(wiring: Wiring, caller: Caller) -> UserWriteHooks:
    """Nobody reaches above themselves; a new password or disabling ends sessions."""
    # The library that hashes is imported by the first password, not by a cold start.
    return UserWriteHooks(by=caller, hasher=lambda: wiring.password_hasher, clock=wiring.clock)


router = Router()
ResourceRoutes(USERS, follow).register(router)
