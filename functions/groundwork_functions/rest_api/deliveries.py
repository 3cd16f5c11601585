"""Deliveries, and the callbacks in which publishers report them."""

from dataclasses import replace
from functools import partial

from groundwork_core.caller import Caller
from groundwork_core.publishing.delivery_hooks import DeliveryWriteHooks
from groundwork_core.publishing.delivery_updates import CallbackTaken, DeliveryCallback
from groundwork_core.publishing.distributions import DELIVERIES
from groundwork_core.publishing.take_callback import take_callback, verify_callback
from groundwork_runtime.http.decoding import decode
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resource_openapi import signature
from groundwork_runtime.http.resources import ResourceRoutes, no_parameters
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring


def follow(_wiring: Wiring, _caller: Caller) -> DeliveryWriteHooks:
    """End a distribution with the last of its deliveries."""
    return DeliveryWriteHooks()


def callback(request: Request, _caller: None, wiring: Wiring) -> HttpResponse:
    """Take a publisher's report of up to 1,000 deliveries, signed as in Standard Webhooks.

    The signature is verified before anything of the body is decoded.
    """
    publisher, message = verify_callback(
        request.headers, request.body, publishers=wiring.publisher_secrets, clock=wiring.clock
    )
    no_parameters(request)
    wiring.database.actor = replace(wiring.database.actor, principal=f"publisher:{publisher}")
    given = decode(DeliveryCallback, request)
    taken = take_callback(publisher, message, given, work=wiring.work(), clock=wiring.clock)
    return HttpResponse(200, taken.model_dump_json())


router = Router()
ResourceRoutes(DELIVERIES, follow).register(router)
router.add(
    Operation(
        "POST",
        "/api/v1/deliveries/callbacks",
        callback,
        200,
        None,
        "the signature is the credential (Standard Webhooks)",
        signature=partial(signature, CallbackTaken, callback=DeliveryCallback),
        docs={
            "operation_id": "takeDeliveryCallback",
            "tag": "deliveries",
            "problems": (401, 503),
            "result": "What the callback changed.",
            "parameters": [
                {
                    "name": f"webhook-{name}",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string"},
                    "description": says,
                }
                for name, says in (
                    ("id", "The message's id; a repeated one changes nothing."),
                    ("timestamp", "Unix seconds, at most five minutes from now."),
                    ("signature", "`v1,` and the base64 of the HMAC; several with blanks between."),
                )
            ],
        },
    )
)
