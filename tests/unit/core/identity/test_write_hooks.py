"""The rights to write accounts, roles and API keys, on the in-memory stores."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.caller import Caller
from groundwork_core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from groundwork_core.identity.account_hooks import RoleWriteHooks, UserWriteHooks
from groundwork_core.identity.api_key_hooks import ApiKeyWriteHooks
from groundwork_core.identity.api_keys import API_KEYS, ApiKeyPatch, NewApiKey
from groundwork_core.identity.permissions import PERMISSIONS
from groundwork_core.identity.resources import ROLES, USERS, NewRole, NewUser, RolePatch, UserPatch
from groundwork_core.identity.revoke_api_key import revoke_api_key
from groundwork_core.resources.write_hooks import (
    change_with_hooks,
    create_with_hooks,
    remove_with_hooks,
)
from groundwork_core.resources.writing import Expected

from .accounts import EMAIL, PASSWORD, Accounts, caller

ANY = Expected(None)
USER_WRITER = ("users:read", "users:write", "entities:read", "entities:write")


@pytest.fixture
def accounts() -> Accounts:
    made = Accounts()
    made.add("root@example.org", "admin")
    create_role(made, caller(UUID(int=0), *PERMISSIONS), "reader", "entities:read")
    return made


def create_role(accounts: Accounts, by: Caller, name: str, *permissions: str) -> UUID:
    new = NewRole(name=name, permissions=permissions)
    hooks = RoleWriteHooks(by=by)
    return UUID(create_with_hooks(ROLES, new, work=accounts.work, then=hooks, by=by).id)


def change_role(accounts: Accounts, by: Caller, role_id: UUID, *permissions: str) -> None:
    patch, hooks = RolePatch(permissions=permissions), RoleWriteHooks(by=by)
    change_with_hooks(ROLES, role_id, ANY, patch, work=accounts.work, then=hooks, by=by)


def create_user(accounts: Accounts, by: Caller, **fields: Any) -> UUID:
    new = NewUser(**{"email": EMAIL, "roles": ("reader",), "password": PASSWORD, **fields})
    hooks = user_hooks(accounts, by)
    return UUID(create_with_hooks(USERS, new, work=accounts.work, then=hooks, by=by).id)


def change_user(accounts: Accounts, by: Caller, user_id: UUID, **fields: Any) -> None:
    patch, hooks = UserPatch(**fields), user_hooks(accounts, by)
    change_with_hooks(USERS, user_id, ANY, patch, work=accounts.work, then=hooks, by=by)


def user_hooks(accounts: Accounts, by: Caller) -> UserWriteHooks:
    return UserWriteHooks(by=by, hasher=lambda: accounts.hasher, clock=accounts.clock)


# Accounts


def test_a_new_account_can_log_in(accounts: Accounts) -> None:
    create_user(accounts, caller(UUID(int=1), *USER_WRITER))
    assert accounts.log_in().tokens.access_token


def test_an_account_cannot_have_more_rights_than_its_creator(accounts: Accounts) -> None:
    with pytest.raises(Forbidden):
        create_user(accounts, caller(UUID(int=1), *USER_WRITER), roles=("admin",))
    with accounts.work as work:
        assert work.users.by_email(EMAIL) is None


def test_an_account_with_more_rights_cannot_be_changed_or_deleted(accounts: Accounts) -> None:
    user_id = accounts.add(EMAIL, "editor")
    by = caller(UUID(int=1), *USER_WRITER)
    with pytest.raises(Forbidden):
        change_user(accounts, by, user_id, password="a new passphrase for them")
    with pytest.raises(Forbidden):
        remove_with_hooks(
            USERS, user_id, ANY, work=accounts.work, then=user_hooks(accounts, by), by=by
        )


@pytest.mark.parametrize(
    "change", [{"status": "disabled"}, {"password": "a new passphrase for them"}]
)
def test_disabling_an_account_or_a_new_password_ends_its_sessions(
    accounts: Accounts, change: dict[str, str]
) -> None:
    by = caller(UUID(int=1), *USER_WRITER)
    user_id = create_user(accounts, by)
    token = accounts.log_in().tokens.refresh_token
    change_user(accounts, by, user_id, name="Ada")
    token = accounts.refresh(token).refresh_token
    change_user(accounts, by, user_id, **change)
    with pytest.raises(Unauthenticated):
        accounts.refresh(token)


def test_unknown_roles_are_named_by_their_place(accounts: Accounts) -> None:
    with pytest.raises(Invalid) as raised:
        create_user(accounts, caller(UUID(int=1), *USER_WRITER), roles=("reader", "zzz"))
    assert [fault.pointer for fault in raised.value.faults] == ["/roles/1"]


def test_an_account_that_does_not_exist_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NotFound):
        change_user(accounts, caller(UUID(int=1), *USER_WRITER), UUID(int=9), name="x")


@pytest.mark.parametrize(
    "change",
    [{"password": "a new passphrase for them"}, {"status": "active"}, {"roles": ("writer",)}],
)
def test_a_key_cannot_create_access_that_outlasts_it(
    accounts: Accounts, change: dict[str, Any]
) -> None:
    user = caller(UUID(int=1), *USER_WRITER)
    create_role(accounts, user, "writer", "entities:write")
    user_id = create_user(accounts, user, status="disabled")
    key = caller(UUID(int=1), *USER_WRITER, key_id=UUID(int=2))
    with pytest.raises(Forbidden):
        change_user(accounts, key, user_id, **change)
    change_user(accounts, user, user_id, **change)


# Roles


def test_a_role_cannot_have_more_rights_than_its_creator(accounts: Accounts) -> None:
    by = caller(UUID(int=1), "entities:read", "roles:write")
    role_id = create_role(accounts, by, "narrow", "entities:read")
    with pytest.raises(Forbidden):
        create_role(accounts, by, "wide", "entities:write")
    with pytest.raises(Forbidden):
        change_role(accounts, by, role_id, "entities:write")


def test_a_key_does_not_widen_a_role(accounts: Accounts) -> None:
    user = caller(UUID(int=1), *PERMISSIONS)
    role_id = create_role(accounts, user, "narrow", "entities:read")
    key = caller(UUID(int=1), *PERMISSIONS, key_id=UUID(int=2))
    change_role(accounts, key, role_id)
    with pytest.raises(Forbidden):
        change_role(accounts, key, role_id, "jobs:read")


def test_a_role_in_use_cannot_be_removed(accounts: Accounts) -> None:
    by = caller(UUID(int=1), *PERMISSIONS)
    role_id = create_role(accounts, by, "used", "entities:read")
    accounts.add(EMAIL, "used")
    hooks = RoleWriteHooks(by=by)
    with pytest.raises(Conflict):
        remove_with_hooks(ROLES, role_id, ANY, work=accounts.work, then=hooks, by=by)


# API keys


class Keys:
    """The keys of one user, who may read and write entities."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        user_id = accounts.add(EMAIL, "editor")
        self.user = caller(user_id, "entities:read", "entities:write", "api-keys:write")

    def create(self, by: Caller, *scopes: str, **fields: Any) -> UUID:
        new = NewApiKey(**{"name": "key", "scopes": scopes or ("entities:read",), **fields})
        hooks = ApiKeyWriteHooks(by=by, clock=self.accounts.clock)
        written = create_with_hooks(API_KEYS, new, work=self.accounts.work, then=hooks, by=by)
        assert json.loads(written.body)["key"].startswith("gw_")
        return UUID(written.id)

    def change(self, by: Caller, key_id: UUID, **fields: Any) -> None:
        hooks = ApiKeyWriteHooks(by=by, clock=self.accounts.clock)
        change_with_hooks(
            API_KEYS,
            key_id,
            ANY,
            ApiKeyPatch(**fields),
            work=self.accounts.work,
            then=hooks,
            by=by,
        )

    def with_key(self, key_id: UUID, *scopes: str) -> Caller:
        return caller(self.user.user_id, *(scopes or self.user.permissions), key_id=key_id)

    def in_days(self, days: float) -> datetime:
        return self.accounts.clock.moment + timedelta(days=days)


@pytest.fixture
def keys(accounts: Accounts) -> Keys:
    return Keys(accounts)


def test_a_key_has_no_scope_that_its_creator_lacks(keys: Keys) -> None:
    with pytest.raises(Invalid) as raised:
        keys.create(keys.user, "entities:read", "users:write")
    assert [fault.pointer for fault in raised.value.faults] == ["/scopes/1"]


def test_a_key_does_not_end_in_the_past(keys: Keys) -> None:
    with pytest.raises(Invalid) as raised:
        keys.create(keys.user, expires_at=keys.in_days(-1))
    assert [fault.pointer for fault in raised.value.faults] == ["/expires_at"]


@pytest.mark.parametrize("end", [2, None])
def test_a_key_cannot_create_one_that_expires_later(keys: Keys, end: float | None) -> None:
    first = keys.create(keys.user, expires_at=keys.in_days(1))
    by = keys.with_key(first)
    keys.create(by)
    keys.create(by, expires_at=keys.in_days(0.5))
    with pytest.raises(Invalid):
        keys.create(by, expires_at=None if end is None else keys.in_days(end))


def test_a_key_changes_only_the_keys_that_it_made(keys: Keys) -> None:
    first, second = keys.create(keys.user), keys.create(keys.user)
    by = keys.with_key(first)
    made = keys.create(by)
    keys.change(by, made, name="changed")
    for other in (first, second):
        with pytest.raises(Forbidden):
            keys.change(by, other, name="changed")
    keys.change(keys.user, second, name="changed")


def test_a_key_is_revoked_with_those_that_it_made(keys: Keys) -> None:
    first = keys.create(keys.user)
    made = keys.create(keys.with_key(first))
    work, clock = keys.accounts.work, keys.accounts.clock
    revoked = revoke_api_key(first, by=keys.user, work=work, clock=clock)
    again = revoke_api_key(first, by=keys.user, work=work, clock=clock)
    assert revoked.parsed()["revoked_at"] == again.parsed()["revoked_at"] is not None
    with work:
        other = work.resources.read(API_KEYS, made)
    assert other is not None
    assert other.parsed()["revoked_at"] is not None


def test_a_key_of_another_user_is_not_found(keys: Keys) -> None:
    key_id = keys.create(keys.user)
    other = caller(keys.accounts.add("bob@example.org", "editor"), "api-keys:write")
    with pytest.raises(NotFound):
        revoke_api_key(key_id, by=other, work=keys.accounts.work, clock=keys.accounts.clock)
    with pytest.raises(NotFound):
        keys.change(other, key_id, name="mine")
