"""Deliveries."""

from groundwork_core.publishing.distributions import DELIVERIES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(DELIVERIES).register(router)
