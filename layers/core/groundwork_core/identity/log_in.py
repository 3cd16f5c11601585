"""Log in with e-mail address and password."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.clock import Clock
from groundwork_core.errors import Unauthenticated
from groundwork_core.identity import refresh_token_format
from groundwork_core.identity.access_tokens import ACCESS_TOKEN_SECONDS
from groundwork_core.identity.devices import new_device
from groundwork_core.identity.login_throttle import KNOWN, WINDOW, Failures, LoginAttempt
from groundwork_core.identity.model import (
    ADMIN,
    NewSession,
    RefreshToken,
    TokenPair,
    normal_email,
)
from groundwork_core.identity.passwords import normal
from groundwork_core.identity.ports import IdentityWork, PasswordHasher, TokenSigner
from groundwork_core.identity.sign_access_token import sign_access_token
from groundwork_core.ids import new_id

logger = logging.getLogger(__name__)

REFUSED = "The address or the password is wrong."


def log_in(
    email: str,
    password: str,
    *,
    address: str,
    device: str = "",
    work: IdentityWork,
    hasher: PasswordHasher,
    signer: TokenSigner,
    clock: Clock,
) -> NewSession:
    """Check a password and start a family of refresh tokens. `device` is a device token.

    The response takes equally long for an unknown address and for a wrong password. No transaction
    is open while the password is hashed, which is slow on purpose.

    Raises:
        Unauthenticated: address and password do not match an active account.
        Throttled: too many attempts failed recently.
    """
    attempt = LoginAttempt(normal_email(email), address, device)
    with work:
        failures = work.login_failures.of(attempt.subjects)
        attempt.must_be_allowed(failures, clock.now())
        user = work.users.by_email(attempt.email)
    matches = hasher.verify(user.password_hash if user else None, normal(password))
    now = clock.now()
    if user is None or not matches or not user.active:
        with work:
            work.login_failures.count(attempt.counted(failures, now), now, now + WINDOW)
        logger.info("A login failed", extra={"address": address})
        raise Unauthenticated(REFUSED)
    access_token = sign_access_token(user, signer, clock.now())
    refresh_token = refresh_token_format.first_token()
    with work:
        held = work.users.held(user.id)
        if held is None or not held.active or held.sessions_valid_from > user.sessions_valid_from:
            raise Unauthenticated(REFUSED)  # disabled, or a new password, during the hashing
        work.login_failures.clear(attempt.forgiven(failures, now))
        work.login_failures.keep(attempt.known, now + KNOWN)
        device = _remembered(attempt, failures, now, work)
        work.refresh_tokens.add(
            RefreshToken(
                id=new_id(),
                family_id=new_id(),
                user_id=user.id,
                token_hash=refresh_token_format.hash_of(refresh_token),
                issued_at=now,
                expires_at=now + refresh_token_format.FAMILY_LIFETIME,
            )
        )
        if ADMIN in user.roles:
            work.audit.record(AuditEntry("users.logged_in", "users", user.id))
        if user.password_hash and hasher.is_outdated(user.password_hash):
            work.users.set_password(user.id, hasher.hash(normal(password)))
    return NewSession(TokenPair(access_token, refresh_token, ACCESS_TOKEN_SECONDS), device)


def _remembered(
    attempt: LoginAttempt, failures: Mapping[str, Failures], now: datetime, work: IdentityWork
) -> str:
    """Store the device as known, and return its token.

    A token that is not known for this account is replaced, because another person may know it.
    """
    known = failures.get(attempt.known_device or "")
    if known is None or known.window_ends_at <= now:
        attempt = replace(attempt, device=new_device())
    subject = attempt.known_device
    assert subject is not None  # noqa: S101 - it has a device token
    work.login_failures.keep(subject, now + KNOWN)
    return attempt.device
