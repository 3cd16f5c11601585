"""Distributions."""

from groundwork_core.publishing.distributions import DISTRIBUTIONS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(DISTRIBUTIONS).register(router)
