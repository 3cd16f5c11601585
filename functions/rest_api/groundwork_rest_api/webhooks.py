"""Webhooks."""

from groundwork_core.caller import Caller
from groundwork_core.publishing.webhooks import WEBHOOKS, WebhookConsequences
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, _caller: Caller) -> WebhookConsequences:
    """A new webhook gets a secret."""
    return WebhookConsequences()


router = Router()
ResourceRoutes(WEBHOOKS, follow).register(router)
