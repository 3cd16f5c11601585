"""Preferences."""

from groundwork_core.configuration.resources import PREFERENCES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(PREFERENCES).register(router)
