"""Revoke an API key."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import NotFound
from groundwork_core.identity.api_key_hooks import check_key_rights
from groundwork_core.identity.api_keys import API_KEYS
from groundwork_core.identity.ports import AccountsWork
from groundwork_core.resources.ownership import seen_by
from groundwork_core.resources.ports import Stored


def revoke_api_key(row_id: UUID, *, by: Caller, work: AccountsWork, clock: Clock) -> Stored:
    """Revoke a key of any version and return it. Revoking it again is not an error.

    Raises:
        NotFound: the key does not exist, or belongs to another user.
        Forbidden: it has more rights than the caller.
    """
    with work:
        if seen_by(by, API_KEYS, work.resources).read(API_KEYS, row_id) is None:
            raise NotFound(API_KEYS.missing())
        check_key_rights(by, row_id, work)
        work.api_keys.revoke(row_id, clock.now())
        revoked = work.resources.read(API_KEYS, row_id)
    if revoked is None:
        raise NotFound(API_KEYS.missing())
    return revoked
