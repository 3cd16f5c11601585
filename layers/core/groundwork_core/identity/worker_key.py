"""The account and the API key of the worker that comes with Groundwork, `reference_extractor`."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from pydantic_core import to_json

from groundwork_core.identity.api_key_format import hash_of, is_well_formed, new_key, prefix_of
from groundwork_core.identity.api_keys import API_KEYS
from groundwork_core.identity.model import UserRow
from groundwork_core.identity.ports import AccountsWork, CallerStore

EMAIL = "reference-extractor@groundwork.invalid"
NAME = "reference_extractor"
ROLE = "service"
SCOPES = ("documents:read", "jobs:read", "jobs:write", "sources:read")


def ensure_worker_key(
    kept: str | None, *, begin_work: Callable[[], AccountsWork], callers: CallerStore
) -> str | None:
    """Return a key that works, making account and key where they are missing.

    Args:
        kept: the present key; None: there is none.
        begin_work: returns a new unit of work.
        callers: finds the holder of a key.

    Returns:
        `kept` if it works; a new key if it does not, for example after an older database was
        restored; None if somebody has disabled the account, which stays so.
    """
    if kept is not None and is_well_formed(kept):
        holder = callers.key_holder(hash_of(kept))
        if holder is not None and holder.permissions >= set(SCOPES):
            return kept
    key = new_key()
    with begin_work() as work:
        account = work.users.by_email(EMAIL)
        if account is not None and not account.active:
            return None
        owner = account.id if account else work.users.add(UserRow(EMAIL, NAME, (ROLE,), None))
        _add_key(key, owner, work)
    return key


def _add_key(key: str, owner: UUID, work: AccountsWork) -> None:
    values = {
        "user_id": str(owner),
        "name": NAME,
        "scopes": SCOPES,
        "prefix": prefix_of(key),
        "key_hash": "\\x" + hash_of(key).hex(),
    }
    work.resources.insert(API_KEYS, tuple(values), to_json(values).decode())
