"""Come in with address and password."""

from __future__ import annotations

import logging

from groundwork_core.audit.ports import Act
from groundwork_core.clock import Clock
from groundwork_core.errors import Unauthenticated
from groundwork_core.identity import refresh_tokens
from groundwork_core.identity.model import (
    ACCESS_TOKEN_SECONDS,
    ADMIN,
    RefreshToken,
    TokenPair,
    User,
    normal_email,
)
from groundwork_core.identity.passwords import normal
from groundwork_core.identity.ports import IdentityWork, PasswordHasher, TokenSigner
from groundwork_core.identity.throttle import KNOWN, WINDOW, Attempt
from groundwork_core.ids import new_id

logger = logging.getLogger(__name__)

REFUSED = "The address or the password is wrong."


def log_in(
    email: str,
    password: str,
    *,
    address: str,
    work: IdentityWork,
    hasher: PasswordHasher,
    signer: TokenSigner,
    clock: Clock,
) -> TokenPair:
    """Check a password and begin a family of refresh tokens.

    The answer to an unknown address takes as long as to a wrong password. No transaction is open
    while the password is hashed, which takes its time on purpose.

    Raises:
        Unauthenticated: the pair does not match an active account.
        Throttled: too many have failed lately.
    """
    attempt = Attempt(normal_email(email), address)
    with work:
        failures = work.login_failures.of([*attempt.limits, attempt.known])
        attempt.must_be_allowed(failures, clock.now())
        user = work.users.by_email(attempt.email)
    matches = hasher.verify(user.password_hash if user else None, normal(password))
    now = clock.now()
    if user is None or not matches or not user.active:
        with work:
            work.login_failures.count(attempt.limits, now, now + WINDOW)
        logger.info("A login failed", extra={"address": address})
        raise Unauthenticated(REFUSED)
    access_token = _signed(user, signer, clock)
    words = refresh_tokens.first_words()
    with work:
        held = work.users.held(user.id)
        if held is None or not held.active or held.sessions_valid_from > user.sessions_valid_from:
            raise Unauthenticated(REFUSED)  # it was disabled, or got a new password, as we hashed
        work.login_failures.clear(attempt.pair)
        work.login_failures.keep(attempt.known, now + KNOWN)
        work.refresh_tokens.add(
            RefreshToken(
                id=new_id(),
                family_id=new_id(),
                user_id=user.id,
                token_hash=refresh_tokens.hash_of(words),
                issued_at=now,
                expires_at=now + refresh_tokens.FAMILY_LIFETIME,
            )
        )
        if ADMIN in user.roles:
            work.audit.record(Act("users.logged_in", "users", user.id))
        if user.password_hash and hasher.is_outdated(user.password_hash):
            work.users.set_password(user.id, hasher.hash(normal(password)))
    return TokenPair(access_token, words, ACCESS_TOKEN_SECONDS)


def _signed(user: User, signer: TokenSigner, clock: Clock) -> str:
    return signer.sign(
        user_id=user.id, roles=user.roles, now=clock.now(), seconds=ACCESS_TOKEN_SECONDS
    )
