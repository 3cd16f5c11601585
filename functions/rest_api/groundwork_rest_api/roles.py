"""Roles."""

from groundwork_core.identity.resources import ROLES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(ROLES).register(router)
