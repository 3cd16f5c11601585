"""Engagements."""

from groundwork_core.publishing.engagements import ENGAGEMENTS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(ENGAGEMENTS).register(router)
