"""Exchange a refresh token for new tokens."""

from __future__ import annotations

import logging

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.clock import Clock
from groundwork_core.errors import Unauthenticated
from groundwork_core.identity import refresh_token_format
from groundwork_core.identity.access_tokens import ACCESS_TOKEN_SECONDS
from groundwork_core.identity.model import RefreshToken, TokenPair
from groundwork_core.identity.ports import IdentityWork, TokenSigner
from groundwork_core.identity.sign_access_token import sign_access_token
from groundwork_core.ids import new_id

logger = logging.getLogger(__name__)

REFUSED = "The refresh token is invalid. Please log in."


def refresh_session(
    refresh_token: str, *, work: IdentityWork, signer: TokenSigner, clock: Clock
) -> TokenPair:
    """Use a refresh token and return its successor with a new access token.

    Repeated calls with one token get the same successor for ten seconds. If a token is sent later,
    or after its successor was used, it must have been copied: its family is revoked, and the audit
    log records the reuse.

    Raises:
        Unauthenticated: the token is unknown, expired, revoked or used.
    """
    now = clock.now()
    token_hash = refresh_token_format.hash_of(refresh_token)
    with work:
        # Lock the account first, as `end_sessions` does. So either `end_sessions` waits, and
        # revokes the successor too, or this call waits, and finds its token revoked.
        owner = work.refresh_tokens.owner(token_hash)
        user = None if owner is None else work.users.held(owner)
        token = work.refresh_tokens.locked(token_hash)
        if token is None or token.revoked_at is not None or token.expires_at <= now:
            raise Unauthenticated(REFUSED)
        if user is None or not user.active:
            raise Unauthenticated(REFUSED)
        new_token = _successor(refresh_token, token, work, clock)
        if new_token is None:
            work.refresh_tokens.revoke_family(token.family_id, now)
            family = {"family_id": str(token.family_id)}
            work.audit.record(
                AuditEntry("users.refresh_token_reused", "users", token.user_id, family)
            )
    if new_token is None:
        logger.warning(
            "A used refresh token came back: its family is revoked",
            extra={"user_id": str(token.user_id), "family_id": str(token.family_id)},
        )
        raise Unauthenticated(REFUSED)
    # With a time before the account was read, so that a later logout ends this session.
    return TokenPair(sign_access_token(user, signer, now), new_token, ACCESS_TOKEN_SECONDS)


def _successor(
    refresh_token: str, token: RefreshToken, work: IdentityWork, clock: Clock
) -> str | None:
    """Return the successor; None if the token was used before and may not be used again."""
    now = clock.now()
    if token.used_at is not None:
        there = work.refresh_tokens.successor(token.id)
        if there is None or there.salt is None:
            return None
        if not refresh_token_format.may_be_repeated(token, there, now):
            return None
        return refresh_token_format.next_token(refresh_token, there.salt)
    salt = refresh_token_format.new_salt()
    new_token = refresh_token_format.next_token(refresh_token, salt)
    work.refresh_tokens.use(token.id, now)
    work.refresh_tokens.add(
        RefreshToken(
            id=new_id(),
            family_id=token.family_id,
            user_id=token.user_id,
            token_hash=refresh_token_format.hash_of(new_token),
            issued_at=now,
            expires_at=token.expires_at,
            parent_id=token.id,
            salt=salt,
        )
    )
    return new_token
