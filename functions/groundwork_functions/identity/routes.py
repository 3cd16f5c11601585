"""Routes of identity: /api/v1/auth/…, /api/v1/me, /.well-known/jwks.json."""

from __future__ import annotations

import json

from groundwork_core.caller import Caller
from groundwork_core.errors import NotFound
from groundwork_core.identity import log_out as logging_out
from groundwork_core.identity.change_password import change_password
from groundwork_core.identity.issue_ws_ticket import issue_ws_ticket
from groundwork_core.identity.log_in import log_in
from groundwork_core.identity.model import TICKET_SECONDS, TokenPair, normal_email
from groundwork_core.identity.refresh_session import refresh_session
from groundwork_functions.identity.bodies import (
    KEYS,
    ME,
    LoggedIn,
    Login,
    PasswordChange,
    Refresh,
    Ticket,
    Tokens,
)
from groundwork_functions.identity.device_cookie import DeviceCookie
from groundwork_runtime.http.body_limits import CREDENTIALS_BYTES_MAX
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import IN_PERSON, SIGNED_IN, Router
from groundwork_runtime.wiring import Wiring

router = Router(CREDENTIALS_BYTES_MAX)
TAG = "identity"


@router.post(
    "/api/v1/auth/login",
    open="callers get their first token here; failed attempts are throttled",
    tag=TAG,
    problems=(401, 429),
    result="An access token, a refresh token and a device token.",
)
def log_in_with_password(body: Login, request: Request, wiring: Wiring) -> LoggedIn:
    """Log in with email address and password."""
    cookie = DeviceCookie(normal_email(body.email))
    entered = log_in(
        body.email,
        body.password,
        address=request.address,
        device=body.device_token or cookie.sent_with(request),
        work=wiring.work(),
        hasher=wiring.password_hasher,
        signer=wiring.token_signer,
        clock=wiring.database_clock,
    )
    request.response_headers["Set-Cookie"] = cookie.holding(
        entered.device, only_encrypted=wiring.settings.stage != "local"
    )
    return LoggedIn(
        access_token=entered.tokens.access_token,
        refresh_token=entered.tokens.refresh_token,
        expires_in=entered.tokens.expires_in,
        device_token=entered.device,
    )


@router.post(
    "/api/v1/auth/refresh",
    open="the refresh token in the body is the credential",
    tag=TAG,
    problems=(401,),
    result="A new access token and a new refresh token.",
)
def refresh_tokens(body: Refresh, wiring: Wiring) -> Tokens:
    """Exchange a refresh token for new tokens.

    A refresh token is valid once; using it again ends its session. A client that lost the response
    may repeat the call within 10 seconds, until the new refresh token has been used.
    """
    return _tokens(
        refresh_session(
            body.refresh_token,
            work=wiring.work(),
            signer=wiring.token_signer,
            clock=wiring.database_clock,
        )
    )


@router.post(
    "/api/v1/auth/logout",
    open="the refresh token in the body is the credential",
    status=204,
    tag=TAG,
)
def log_out(body: Refresh, wiring: Wiring) -> None:
    """End the session of a refresh token.

    An unknown token is not an error.
    """
    logging_out.log_out(body.refresh_token, work=wiring.work(), clock=wiring.database_clock)


@router.post("/api/v1/auth/logout-everywhere", needs=IN_PERSON, status=204, tag=TAG)
def log_out_everywhere(caller: Caller, wiring: Wiring) -> None:
    """End all sessions of the caller and close their WebSockets."""
    logging_out.log_out_everywhere(by=caller, work=wiring.work(), clock=wiring.database_clock)


@router.post("/api/v1/auth/password", needs=IN_PERSON, status=204, tag=TAG, problems=(422, 429))
def set_password(body: PasswordChange, caller: Caller, request: Request, wiring: Wiring) -> None:
    """Change the caller's password.

    All sessions end; log in again with the new password.
    """
    change_password(
        body.current_password,
        body.new_password,
        by=caller,
        address=request.address,
        work=wiring.work(),
        hasher=wiring.password_hasher,
        clock=wiring.database_clock,
    )


@router.post(
    "/api/v1/auth/ws-ticket",
    needs=SIGNED_IN,
    tag=TAG,
    result="A ticket for one WebSocket connection.",
)
def get_ws_ticket(caller: Caller, wiring: Wiring) -> Ticket:
    """Issue a ticket for `/ws?ticket=…`.

    It is valid for 30 seconds and for one connection.
    """
    ticket = issue_ws_ticket(by=caller, work=wiring.work(), clock=wiring.database_clock)
    return Ticket(ticket=ticket, expires_in=TICKET_SECONDS)


@router.get(
    "/api/v1/me",
    needs=SIGNED_IN,
    tag=TAG,
    result="The caller's account, roles and permissions.",
    returns=ME,
)
def who_am_i(caller: Caller, wiring: Wiring) -> HttpResponse:
    """Read the caller's account, roles and permissions."""
    profile = wiring.profiles.profile(caller.user_id)
    if profile is None:
        raise NotFound("The account no longer exists.")
    body = {**profile, "roles": list(caller.roles), "permissions": sorted(caller.permissions)}
    return HttpResponse(200, json.dumps(body, ensure_ascii=False))


@router.get(
    "/.well-known/jwks.json",
    open="public keys are public",
    tag=TAG,
    result="A JWK set.",
    returns=KEYS,
)
def public_keys(wiring: Wiring) -> HttpResponse:
    """Read the public keys that verify access tokens (RFC 7517)."""
    keys = json.dumps({"keys": wiring.profiles.public_keys()})
    return HttpResponse(
        200, keys, "application/jwk-set+json", {"Cache-Control": "public, max-age=300"}
    )


def _tokens(pair: TokenPair) -> Tokens:
    return Tokens(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
    )
