"""Roles."""

from groundwork_core.caller import Caller
from groundwork_core.identity.account_hooks import RoleWriteHooks
from groundwork_core.identity.resources import ROLES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(_wiring: Wiring, caller: Caller) -> RoleWriteHooks:
    """Return the hooks: callers cannot grant permissions that they lack."""
    return RoleWriteHooks(by=caller)


router = Router()
ResourceRoutes(ROLES, write_hooks).register(router)
