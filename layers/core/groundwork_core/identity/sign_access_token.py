"""Sign an access token for a user."""

from __future__ import annotations

from datetime import datetime

from groundwork_core.identity.access_tokens import ACCESS_TOKEN_SECONDS
from groundwork_core.identity.model import Account
from groundwork_core.identity.ports import TokenSigner


def sign_access_token(user: Account, signer: TokenSigner, now: datetime) -> str:
    """Return an access token for a user, as it was read while the session began.

    It is issued `now`, but not before the user's sessions last ended: `now` may be a little earlier
    because the clocks of machines differ, and the new token would be refused with the old ones.
    """
    return signer.sign(
        user_id=user.id,
        roles=user.roles,
        now=max(now, user.sessions_valid_from),
        seconds=ACCESS_TOKEN_SECONDS,
    )
