"""Entities."""

from groundwork_core.knowledge.resources import ENTITIES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(ENTITIES).register(router)
