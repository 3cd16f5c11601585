"""Callbacks of hubs: they verify subscriptions and push changes (WebSub)."""

from functools import partial
from uuid import UUID

from groundwork_core.push.take_push import take_push, verify_intent
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resource_openapi import signature
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring

PATH = "/api/v1/push/<callback_id>"
TEXT = "text/plain; charset=utf-8"
RETURNS = {"text/plain": {"schema": {"type": "string"}}}
PARAMETERS = {
    "hub.mode": "`subscribe` or `denied`.",
    "hub.topic": "The topic that we requested.",
    "hub.challenge": "The text to return in the response.",
    "hub.lease_seconds": "How long the subscription lasts.",
    "hub.reason": "Why the hub refuses the subscription.",
}
GONE = 410
NOTHING = UUID(int=0)


def verify(request: Request, _caller: None, wiring: Wiring, text: str) -> HttpResponse:
    """Confirm a subscription that we requested from a hub.

    For hubs.
    """
    query = {name: values[-1] for name, values in request.query.items() if values}
    challenge = verify_intent(_id(text), query, work=wiring.work(), clock=wiring.database_clock)
    return HttpResponse(200, challenge, TEXT, {"Cache-Control": "no-store"})


def push(request: Request, _caller: None, wiring: Wiring, text: str) -> HttpResponse:
    """Push a change of a feed, which is then polled soon.

    For hubs. The status is 410 if the subscription no longer exists. A push with a wrong
    `X-Hub-Signature` is ignored.
    """
    taken = take_push(
        _id(text),
        request.body,
        request.headers.get("x-hub-signature"),
        work=wiring.work(),
        clock=wiring.database_clock,
        encryption=wiring.encryption,
    )
    return HttpResponse(202 if taken else GONE, "", TEXT)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NOTHING


router = Router()
router.add(
    Operation(
        "GET",
        PATH,
        verify,
        200,
        None,
        "the address cannot be guessed, and only requested subscriptions are confirmed",
        signature=partial(signature, str, callback_id=UUID),
        docs={
            "operation_id": "verifySubscription",
            "tag": "push",
            "problems": (404,),
            "result": "The challenge of the hub.",
            "returns": RETURNS,
            "parameters": [
                {"name": name, "in": "query", "schema": {"type": "string"}, "description": text}
                for name, text in PARAMETERS.items()
            ],
        },
    )
)
router.add(
    Operation(
        "POST",
        PATH,
        push,
        202,
        None,
        "the address cannot be guessed, and pushes are signed",
        signature=partial(signature, str, callback_id=UUID),
        docs={
            "operation_id": "takePush",
            "tag": "push",
            "problems": (413,),
            "result": "Accepted, or ignored because the signature is wrong.",
            "other_results": {GONE: "The subscription does not exist; the hub may delete it."},
            "returns": RETURNS,
            "body": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        },
    )
)
