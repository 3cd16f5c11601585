"""Deliveries, and the callbacks of publishers that report them."""

from dataclasses import replace
from functools import partial

from groundwork_core.caller import Caller
from groundwork_core.errors import Unavailable
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

TRIES = 3
"""Most attempts to read the secrets again after a publisher changed during the request."""


def write_hooks(_wiring: Wiring, _caller: Caller) -> DeliveryWriteHooks:
    """Return the hooks: when its last delivery ends, a distribution is sent."""
    return DeliveryWriteHooks()


def callback(request: Request, _caller: None, wiring: Wiring) -> HttpResponse:
    """Report the states of up to 1,000 deliveries.

    For publishers. The request is signed as in Standard Webhooks; the signature is verified before
    the body is decoded.
    """
    given: DeliveryCallback | None = None
    for _ in range(TRIES):
        signer, message = verify_callback(
            request.headers, request.body, secrets=wiring.publisher_secrets, clock=wiring.clock
        )
        no_parameters(request)
        principal = f"publisher:{signer.publisher_id}"
        wiring.database.actor = replace(wiring.database.actor, principal=principal)
        given = given or decode(DeliveryCallback, request)
        taken = take_callback(
            signer,
            message,
            given,
            callbacks=wiring.quick_callbacks,
            work=wiring.work_with_kept_plans(),
            finished=wiring.finished_distributions,
            clock=wiring.clock,
        )
        if taken is not None:
            return HttpResponse(200, taken.model_dump_json())
        wiring.publisher_secrets.forget()
    raise Unavailable("The publisher is being changed; send the callback again.")


router = Router()
ResourceRoutes(DELIVERIES, write_hooks).register(router)
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
            "result": "The changes that the callback made.",
            "parameters": [
                {
                    "name": f"webhook-{name}",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string"},
                    "description": text,
                }
                for name, text in (
                    ("id", "Id of the message. A message with a known id changes nothing."),
                    (
                        "timestamp",
                        "Time in Unix seconds, at most five minutes from the present time.",
                    ),
                    ("signature", "`v1,` and the HMAC in base64; several are separated by spaces."),
                )
            ],
        },
    )
)
