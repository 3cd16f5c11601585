"""Relationships."""

from groundwork_core.knowledge.resources import RELATIONSHIPS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(RELATIONSHIPS).register(router)
