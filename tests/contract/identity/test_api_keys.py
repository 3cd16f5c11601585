"""API keys: which key made which, revocation, and the holder of a key."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from groundwork_core.identity.api_keys import API_KEYS

from ..work import Stores, Work
from .rows import LATER, NOW, add_user


def add_key(work: Work, user_id: UUID, key_hash: bytes = b"k" * 32, **fields: Any) -> UUID:
    row = {
        "user_id": str(user_id),
        "name": "key",
        "scopes": ["entities:read", "users:write"],
        "prefix": "gw_live_0000",
        "key_hash": "\\x" + key_hash.hex(),
        **fields,
    }
    with work:
        return UUID(work.resources.insert(API_KEYS, tuple(row), json.dumps(row)).id)


def test_the_ancestors_of_a_key_are_known(work: Work) -> None:
    user_id = add_user(work)
    first = add_key(work, user_id, b"1" * 32)
    second = add_key(work, user_id, b"2" * 32, parent_id=str(first))
    third = add_key(work, user_id, b"3" * 32, parent_id=str(second))
    with work:
        assert work.api_keys.is_made_by(second, first)
        assert work.api_keys.is_made_by(third, first)
        assert not work.api_keys.is_made_by(first, third)
        assert not work.api_keys.is_made_by(first, first)
        assert not work.api_keys.is_made_by(uuid4(), first)


def test_revoking_a_key_ends_the_keys_that_it_made(both: Stores) -> None:
    work = both.work
    user_id = add_user(work)
    first = add_key(work, user_id, b"1" * 32)
    add_key(work, user_id, b"2" * 32, parent_id=str(first))
    add_key(work, user_id, b"3" * 32)
    with work:
        work.api_keys.revoke(first, NOW)
    with work:
        work.api_keys.revoke(first, LATER)
        stored = work.resources.read(API_KEYS, first)
    assert stored is not None
    assert datetime.fromisoformat(str(stored.parsed()["revoked_at"])) == NOW
    valid = [both.callers.key_holder(one * 32) is not None for one in (b"1", b"2", b"3")]
    assert valid == [False, False, True]


def test_a_key_has_only_those_of_its_scopes_that_its_user_has(both: Stores) -> None:
    user_id = add_user(both.work)
    key_id = add_key(both.work, user_id, expires_at="2999-01-01T00:00:00Z")
    holder = both.callers.key_holder(b"k" * 32)
    assert holder is not None
    assert (holder.key_id, holder.user_id, holder.roles) == (key_id, user_id, ("viewer",))
    assert holder.permissions == {"entities:read"}
    assert holder.expires_at == datetime(2999, 1, 1, tzinfo=UTC)
    with both.work as work:
        stored = work.resources.read(API_KEYS, key_id)
    assert stored is not None
    assert stored.version == 1
    assert stored.parsed()["last_used_at"] is not None


def test_a_revoked_or_expired_key_has_no_holder(both: Stores) -> None:
    user_id, disabled = add_user(both.work), add_user(both.work, "bob@example.org")
    key_id = add_key(both.work, user_id, b"1" * 32)
    add_key(both.work, disabled, b"2" * 32)
    with both.work as work:
        work.api_keys.revoke(key_id, NOW)
        work.users.set_status(disabled, "disabled")
    assert [both.callers.key_holder(one * 32) for one in (b"1", b"2", b"?")] == [None] * 3
