"""Roles."""

from groundwork_core.caller import Caller
from groundwork_core.identity.follow import RoleConsequences
from groundwork_core.identity.resources import ROLES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, caller: Caller) -> RoleConsequences:
    """Nobody gives what they do not hold."""
    return RoleConsequences(by=caller)


router = Router()
ResourceRoutes(ROLES, follow).register(router)
