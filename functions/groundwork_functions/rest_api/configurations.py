"""Configurations."""

from groundwork_core.configuration.resources import CONFIGURATIONS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(CONFIGURATIONS).register(router)
