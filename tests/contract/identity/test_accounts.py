"""Accounts: found, added, changed, and the last admin."""

from datetime import timedelta
from uuid import uuid4

import pytest

from groundwork_core.errors import Conflict, Invalid

from ..work import Work
from .rows import NOW, add_user, token


def test_an_account_is_found_by_id_and_by_email_address_in_any_case(work: Work) -> None:
    user_id = add_user(work, "ada@example.org", "editor", "viewer")
    with work:
        found = work.users.get(user_id)
        assert found is not None
        assert found == work.users.held(user_id) == work.users.by_email("ADA@Example.org")
    assert (found.id, found.email, found.password_hash) == (user_id, "ada@example.org", "hash")
    assert (set(found.roles), found.status, found.active) == ({"editor", "viewer"}, "active", True)


@pytest.mark.parametrize("email", ["nobody@example.org", "a\0b@example.org", ""])
def test_an_unknown_account_is_not_found(work: Work, email: str) -> None:
    with work:
        assert work.users.by_email(email) is None
        assert work.users.get(uuid4()) is None
        assert work.users.held(uuid4()) is None


def test_a_taken_email_address_is_a_conflict(work: Work) -> None:
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


@pytest.mark.parametrize("seconds", [0, 0.02, 59])
def test_ending_sessions_by_a_clock_that_is_behind_revives_none(work: Work, seconds: float) -> None:
    user_id = add_user(work)
    for now in (NOW, NOW - timedelta(seconds=seconds)):
        with work:
            work.users.end_sessions(user_id, now)
    with work:
        user = work.users.get(user_id)
    assert user is not None
    assert NOW < user.sessions_valid_from < NOW + timedelta(seconds=1)


def test_a_clock_that_was_far_ahead_is_corrected_by_the_next_end(work: Work) -> None:
    user_id = add_user(work)
    for now in (NOW + timedelta(hours=1), NOW):
        with work:
            work.users.end_sessions(user_id, now)
    with work:
        user = work.users.get(user_id)
    assert user is not None
    assert user.sessions_valid_from == NOW
