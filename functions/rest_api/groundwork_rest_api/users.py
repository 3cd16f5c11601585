"""Users."""

from groundwork_core.identity.resources import USERS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(USERS).register(router)
