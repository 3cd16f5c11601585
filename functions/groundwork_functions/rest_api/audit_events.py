"""The audit log."""

from groundwork_core.audit.resource import AUDIT_EVENTS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router

router = Router()
ResourceRoutes(AUDIT_EVENTS).register(router)
