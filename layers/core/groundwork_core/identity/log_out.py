"""Log out of one session or of all."""

from __future__ import annotations

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.identity import refresh_token_format
from groundwork_core.identity.ports import IdentityWork


def log_out(refresh_token: str, *, work: IdentityWork, clock: Clock) -> None:
    """End the session of a refresh token. An unknown token is not an error."""
    with work:
        token = work.refresh_tokens.locked(refresh_token_format.hash_of(refresh_token))
        if token is not None:
            work.refresh_tokens.revoke_family(token.family_id, clock.now())


def log_out_everywhere(*, by: Caller, work: IdentityWork, clock: Clock) -> None:
    """End all sessions of the caller: access tokens, refresh tokens, tickets and open sockets."""
    with work:
        work.users.end_sessions(by.user_id, clock.now())
        work.audit.record(AuditEntry("users.logged_out_everywhere", "users", by.user_id))
