"""Permissions of an account, and what authentication reads of it."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from groundwork_core.identity.resources import ROLES

from ..work import Stores, Work
from .rows import LATER, NOW, add_user


def add_role(work: Work, name: str, *permissions: str) -> UUID:
    row = {"name": name, "permissions": permissions}
    with work:
        return UUID(work.resources.insert(ROLES, tuple(row), json.dumps(row)).id)


def test_an_account_has_the_permissions_of_all_its_roles(work: Work) -> None:
    add_role(work, "reader", "entities:read")
    role_id = add_role(work, "writer", "entities:write", "jobs:read")
    user_id = add_user(work, "ada@example.org", "reader", "writer")
    with work:
        held = work.authority.of_user(user_id)
        assert held == {"entities:read", "entities:write", "jobs:read"}
        assert work.authority.of_role(role_id) == {"entities:write", "jobs:read"}
        assert work.authority.of_user(uuid4()) == work.authority.of_role(uuid4()) == frozenset()


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
