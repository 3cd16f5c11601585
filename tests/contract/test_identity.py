"""Accounts, sessions and API keys: in memory and on Postgres."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.errors import Conflict, Invalid
from groundwork_core.identity.api_keys import API_KEYS
from groundwork_core.identity.login_throttle import Failures
from groundwork_core.identity.model import RefreshToken, UserRow
from groundwork_core.identity.resources import ROLES

from .work import Stores, Work, stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from stores(request)


@pytest.fixture
def work(both: Stores) -> Work:
    return both.work


def add_user(work: Work, email: str = "ada@example.org", *roles: str) -> UUID:
    with work:
        return work.users.add(UserRow(email, "Ada", roles or ("viewer",), "hash"))


def add_role(work: Work, name: str, *permissions: str) -> UUID:
    row = {"name": name, "permissions": permissions}
    with work:
        return UUID(work.resources.insert(ROLES, tuple(row), json.dumps(row)).id)


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


def token(user_id: UUID, token_hash: bytes = b"t" * 32, **fields: Any) -> RefreshToken:
    return RefreshToken(
        **{
            "id": uuid4(),
            "family_id": uuid4(),
            "user_id": user_id,
            "token_hash": token_hash,
            "issued_at": NOW,
            "expires_at": LATER,
            **fields,
        }
    )


# The unit of work


def test_an_error_undoes_the_whole_block(work: Work) -> None:
    def write_and_fail() -> None:
        with work:
            work.users.add(UserRow("ada@example.org", "Ada", ("viewer",), None))
            work.login_failures.count(["subject"], NOW, LATER)
            raise Conflict("no")

    with pytest.raises(Conflict):
        write_and_fail()
    assert work.position is None
    with work:
        assert work.users.by_email("ada@example.org") is None
        assert work.login_failures.of(["subject"]) == {}


def test_only_a_block_that_wrote_has_a_position(work: Work) -> None:
    positions = []
    for email in ("ada@example.org", "bob@example.org"):
        add_user(work, email)
        positions.append(int(str(work.position)))
    assert positions == sorted(set(positions))
    with work:
        work.users.any_admin()
    assert work.position is None


def test_a_store_outside_of_a_block_is_an_error(work: Work) -> None:
    with pytest.raises(RuntimeError, match="outside `with work:`"):
        work.users.any_admin()


# Accounts


def test_an_account_is_found_by_id_and_by_address_in_any_case(work: Work) -> None:
    user_id = add_user(work, "ada@example.org", "editor", "viewer")
    with work:
        found = work.users.get(user_id)
        assert found is not None
        assert found == work.users.held(user_id) == work.users.by_email("ADA@Example.org")
    assert (found.id, found.email, found.password_hash) == (user_id, "ada@example.org", "hash")
    assert (set(found.roles), found.status, found.active) == ({"editor", "viewer"}, "active", True)


@pytest.mark.parametrize("email", ["nobody@example.org", "a\0b@example.org", ""])
def test_an_unknown_account_is_none(work: Work, email: str) -> None:
    with work:
        assert work.users.by_email(email) is None
        assert work.users.get(uuid4()) is None
        assert work.users.held(uuid4()) is None


def test_a_taken_address_is_a_conflict(work: Work) -> None:
    add_user(work)
    with pytest.raises(Conflict) as raised:
        add_user(work)
    assert raised.value.field == "email"


def test_an_account_with_an_unknown_role_is_invalid(work: Work) -> None:
    with pytest.raises(Invalid):
        add_user(work, "ada@example.org", "no-such-role")


def test_roles_that_do_not_exist_are_named(work: Work) -> None:
    with work:
        assert work.users.missing_roles(["viewer", "zz", "aa", "admin"]) == ["aa", "zz"]


def test_an_active_admin_counts_and_another_account_does_not(work: Work) -> None:
    add_user(work)
    with work:
        assert not work.users.any_admin()
    add_user(work, "root@example.org", "admin")
    with work:
        assert work.users.any_admin()


def test_the_last_active_admin_cannot_be_disabled(work: Work) -> None:
    admin = add_user(work, "root@example.org", "admin")
    with pytest.raises(Conflict), work:
        work.users.set_status(admin, "disabled")
    other = add_user(work, "other@example.org", "admin")
    with work:
        work.users.set_status(admin, "disabled")
    with pytest.raises(Conflict), work:
        work.users.set_status(other, "disabled")


def test_a_password_and_a_status_are_set(work: Work) -> None:
    user_id = add_user(work)
    with work:
        work.users.set_password(user_id, "new hash")
        work.users.set_status(user_id, "disabled")
    with work:
        found = work.users.get(user_id)
    assert found is not None
    assert (found.password_hash, found.active) == ("new hash", False)


def test_ending_sessions_revokes_the_tokens_of_that_user_alone(work: Work) -> None:
    mine, other = add_user(work), add_user(work, "bob@example.org")
    with work:
        work.refresh_tokens.add(token(mine, b"a" * 32))
        work.refresh_tokens.add(token(other, b"b" * 32))
    with work:
        work.users.end_sessions(mine, NOW)
    with work:
        user = work.users.get(mine)
        ended, kept = (work.refresh_tokens.locked(one * 32) for one in (b"a", b"b"))
    assert user is not None
    assert user.sessions_valid_from == NOW
    assert ended is not None
    assert ended.revoked_at == NOW
    assert kept is not None
    assert kept.revoked_at is None


# Permissions


def test_an_account_has_the_permissions_of_all_its_roles(work: Work) -> None:
    add_role(work, "reader", "entities:read")
    role_id = add_role(work, "writer", "entities:write", "jobs:read")
    user_id = add_user(work, "ada@example.org", "reader", "writer")
    with work:
        held = work.authority.of_user(user_id)
        assert held == {"entities:read", "entities:write", "jobs:read"}
        assert work.authority.of_role(role_id) == {"entities:write", "jobs:read"}
        assert work.authority.of_user(uuid4()) == work.authority.of_role(uuid4()) == frozenset()


# Refresh tokens


def test_a_refresh_token_is_read_as_it_was_stored(work: Work) -> None:
    user_id = add_user(work)
    first = token(user_id)
    second = token(
        user_id, b"s" * 32, family_id=first.family_id, parent_id=first.id, salt=b"x" * 32
    )
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.add(second)
    with work:
        assert work.refresh_tokens.locked(first.token_hash) == first
        assert work.refresh_tokens.owner(first.token_hash) == user_id
        assert work.refresh_tokens.successor(first.id) == second
        assert work.refresh_tokens.successor(second.id) is None
        assert work.refresh_tokens.locked(b"?" * 32) is None
        assert work.refresh_tokens.owner(b"?" * 32) is None


def test_a_used_token_keeps_the_time(work: Work) -> None:
    first = token(add_user(work))
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.use(first.id, NOW)
    with work:
        used = work.refresh_tokens.locked(first.token_hash)
    assert used is not None
    assert used.used_at == NOW


def test_a_family_is_revoked_once_and_alone(work: Work) -> None:
    user_id = add_user(work)
    first, other = token(user_id), token(user_id, b"o" * 32)
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.add(other)
        work.refresh_tokens.revoke_family(first.family_id, NOW)
        work.refresh_tokens.revoke_family(first.family_id, LATER)
        revoked = work.refresh_tokens.locked(first.token_hash)
        kept = work.refresh_tokens.locked(other.token_hash)
    assert revoked is not None
    assert revoked.revoked_at == NOW
    assert kept == other


# Failed logins


def test_failures_are_counted_within_their_window(work: Work) -> None:
    after = LATER + timedelta(minutes=5)
    with work:
        work.login_failures.count(["a", "b"], NOW, LATER)
        work.login_failures.count(["a"], NOW + timedelta(minutes=1), after)
        assert work.login_failures.of(["a", "b", "c"]) == {
            "a": Failures(2, LATER),
            "b": Failures(1, LATER),
        }
        work.login_failures.count(["a"], LATER, after)
        assert work.login_failures.of(["a"]) == {"a": Failures(1, after)}


def test_failures_are_cleared_and_subjects_are_kept(work: Work) -> None:
    with work:
        work.login_failures.count(["a", "b"], NOW, LATER)
        work.login_failures.clear("a")
        work.login_failures.keep("b", NOW)
        work.login_failures.keep("c", LATER)
        work.login_failures.clear("unknown")
        found = work.login_failures.of(["a", "b", "c"])
    assert found == {"b": Failures(1, NOW), "c": Failures(0, LATER)}


# API keys


def test_a_key_knows_the_keys_that_made_it(work: Work) -> None:
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


# What authentication reads


def test_a_key_has_its_scopes_as_far_as_its_user_has_them(both: Stores) -> None:
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


def test_a_key_that_ended_has_no_holder(both: Stores) -> None:
    user_id, disabled = add_user(both.work), add_user(both.work, "bob@example.org")
    key_id = add_key(both.work, user_id, b"1" * 32)
    add_key(both.work, disabled, b"2" * 32)
    with both.work as work:
        work.api_keys.revoke(key_id, NOW)
        work.users.set_status(disabled, "disabled")
    assert [both.callers.key_holder(one * 32) for one in (b"1", b"2", b"?")] == [None] * 3


def test_an_account_state_has_its_roles_and_permissions(both: Stores) -> None:
    add_role(both.work, "reader", "entities:read")
    user_id = add_user(both.work, "ada@example.org", "reader")
    with both.work as work:
        work.users.end_sessions(user_id, NOW)
    state = both.callers.account_state(user_id)
    assert state is not None
    assert (state.active, state.sessions_valid_from) == (True, NOW)
    assert (state.roles, state.permissions) == (("reader",), frozenset({"entities:read"}))
    assert both.callers.account_state(uuid4()) is None


def _disable(work: Work, user_id: UUID, _role_id: UUID) -> None:
    work.users.set_status(user_id, "disabled")


def _end_sessions(work: Work, user_id: UUID, _role_id: UUID) -> None:
    work.users.end_sessions(user_id, LATER)


def _widen_role(work: Work, _user_id: UUID, role_id: UUID) -> None:
    work.resources.update(ROLES, role_id, 1, ("permissions",), '{"permissions": ["jobs:read"]}')


@pytest.mark.parametrize("change", [_disable, _end_sessions, _widen_role])
def test_a_stamp_changes_with_the_rights(
    both: Stores, change: Callable[[Work, UUID, UUID], None]
) -> None:
    role_id = add_role(both.work, "reader", "entities:read")
    user_id = add_user(both.work, "ada@example.org", "reader")
    before, again = both.callers.account_state(user_id), both.callers.account_state(user_id)
    with both.work as work:
        change(work, user_id, role_id)
    after = both.callers.account_state(user_id)
    assert before is not None
    assert after is not None
    assert before == again
    assert before.stamp != after.stamp


# What is only written


def test_tickets_and_audit_entries_are_stored(work: Work) -> None:
    user_id = add_user(work)
    with work:
        work.tickets.add(b"h" * 32, user_id, ["entities:read"], LATER, None)
        work.audit.record(AuditEntry("users.logged_in", "users", user_id, {"family": "x"}))
    assert work.position is not None
