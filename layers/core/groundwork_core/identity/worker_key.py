"""The account and the API key of the worker that comes with Groundwork, `reference_extractor`."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

from pydantic_core import to_json

from groundwork_core.clock import Clock
from groundwork_core.identity.api_key_format import hash_of, is_well_formed, new_key, prefix_of
from groundwork_core.identity.api_keys import API_KEYS
from groundwork_core.identity.model import UserRow
from groundwork_core.identity.ports import AccountsWork, CallerStore
from groundwork_core.resources.page import LIMIT_MAX, PageQuery

EMAIL = "reference-extractor@groundwork.invalid"
NAME = "reference_extractor"
ROLE = "service"
SCOPES = ("documents:read", "jobs:read", "jobs:write", "sources:read")


def ensure_worker_key(
    kept: str | None, *, begin_work: Callable[[], AccountsWork], callers: CallerStore
) -> str | None:
    """Return a valid key; create the account and the key if they are missing.

    Args:
        kept: the stored key; None if there is none.
        begin_work: returns a new unit of work.
        callers: finds the holder of a key.

    Returns:
        `kept` if it is valid; a new key if it is not, for example after an older database was
        restored; None if somebody has disabled the account, which then remains disabled.
    """
    if kept is not None and is_well_formed(kept):
        holder = callers.key_holder(hash_of(kept))
        if holder is not None and holder.permissions >= set(SCOPES):
            return kept
    with begin_work() as work:
        account = work.users.by_email(EMAIL)
        if account is not None and not account.active:
            return None
        key, _ = _add_key(work)
    return key


def replace_worker_key(
    keep: Callable[[str], object], *, begin_work: Callable[[], AccountsWork], clock: Clock
) -> int:
    """Create a new key and revoke the account's other keys; return how many were revoked.

    Args:
        keep: stores the new key for the worker; called before the others are revoked.
        begin_work: returns a new unit of work.
        clock: gives the time of the revocation.
    """
    with begin_work() as work:
        key, new_id = _add_key(work)
    keep(key)
    with begin_work() as work:
        account = work.users.by_email(EMAIL)
        owned = work.resources.owned_by(account.id) if account else work.resources
        page = owned.page(API_KEYS, PageQuery((), "id", descending=True, limit=LIMIT_MAX), None)
        shown = [json.loads(item) for item in page.items]
        old = [one["id"] for one in shown if one["id"] != new_id and one["revoked_at"] is None]
        for key_id in old:
            work.api_keys.revoke(UUID(key_id), clock.now())
    return len(old)


def _add_key(work: AccountsWork) -> tuple[str, str]:
    """Add a key, and the account if it is missing; return the key and its id."""
    account = work.users.by_email(EMAIL)
    owner = account.id if account else work.users.add(UserRow(EMAIL, NAME, (ROLE,), None))
    key = new_key()
    values = {
        "user_id": str(owner),
        "name": NAME,
        "scopes": SCOPES,
        "prefix": prefix_of(key),
        "key_hash": "\\x" + hash_of(key).hex(),
    }
    made = work.resources.insert(API_KEYS, tuple(values), to_json(values).decode())
    return key, made.id
