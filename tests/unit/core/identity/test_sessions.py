"""Logging in, refreshing and logging out, on the in-memory stores."""

from datetime import timedelta

import pytest

from groundwork_core.errors import Conflict, Invalid, Throttled, Unauthenticated
from groundwork_core.identity.change_password import change_password
from groundwork_core.identity.create_user import create_user, make_first_admin
from groundwork_core.identity.issue_ws_ticket import issue_ws_ticket
from groundwork_core.identity.log_out import log_out, log_out_everywhere
from groundwork_core.identity.login_throttle import PAIR_FAILURES, WINDOW
from groundwork_core.identity.refresh_token_format import FAMILY_LIFETIME, GRACE

from .accounts import ADDRESS, EMAIL, PASSWORD, Accounts, caller

NEW_PASSWORD = "another long passphrase of hers"


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


def fail(accounts: Accounts, times: int, address: str = ADDRESS) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            accounts.log_in("wrong", address=address)


# Logging in


def test_a_login_ignores_case_and_spaces_of_the_address(accounts: Accounts) -> None:
    user_id = accounts.add()
    session = accounts.log_in(email=f" {EMAIL.upper()} ")
    assert session.tokens.access_token.startswith(f"{user_id} viewer 2026-11-30")
    assert accounts.refresh(session.tokens.refresh_token).access_token


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_address_are_refused_alike(
    accounts: Accounts, email: str
) -> None:
    accounts.add()
    with pytest.raises(Unauthenticated, match="address or the password is wrong"):
        accounts.log_in("wrong", email=email)
    assert accounts.work.tables.of("refresh_tokens") == {}


def test_a_disabled_account_cannot_log_in(accounts: Accounts) -> None:
    user_id = accounts.add()
    with accounts.work as work:
        work.users.set_status(user_id, "disabled")
    with pytest.raises(Unauthenticated):
        accounts.log_in()


def test_failures_from_one_address_are_limited_until_the_window_ends(accounts: Accounts) -> None:
    accounts.add()
    fail(accounts, PAIR_FAILURES)
    with pytest.raises(Throttled) as raised:
        accounts.log_in()
    assert raised.value.retry_after_seconds == WINDOW.total_seconds()
    accounts.log_in(address="198.51.100.7")
    accounts.clock.moment += WINDOW
    accounts.log_in()


def test_a_success_clears_the_failures(accounts: Accounts) -> None:
    accounts.add()
    fail(accounts, PAIR_FAILURES - 1)
    accounts.log_in()
    fail(accounts, PAIR_FAILURES - 1)
    accounts.log_in()


def test_a_known_device_can_log_in_despite_failures_from_its_address(accounts: Accounts) -> None:
    accounts.add()
    device = accounts.log_in().device
    fail(accounts, PAIR_FAILURES)
    assert accounts.log_in(device=device).device == device
    with pytest.raises(Throttled):
        accounts.log_in(device="gwd_" + "x" * 43)


def test_an_outdated_hash_is_replaced_at_a_login(accounts: Accounts) -> None:
    user_id = accounts.add()
    with accounts.work as work:
        work.users.set_password(user_id, f"old {accounts.hasher.hash(PASSWORD)}")
    accounts.log_in()
    with accounts.work as work:
        user = work.users.get(user_id)
    assert user is not None
    assert user.password_hash == accounts.hasher.hash(PASSWORD)


def test_only_logins_of_admins_are_audited(accounts: Accounts) -> None:
    accounts.add()
    accounts.add("root@example.org", "admin")
    accounts.log_in()
    assert accounts.actions() == []
    accounts.log_in(email="root@example.org")
    assert accounts.actions() == ["users.logged_in"]


# Refreshing


def test_a_repeated_refresh_within_the_grace_gets_the_same_successor(accounts: Accounts) -> None:
    accounts.add()
    first = accounts.log_in().tokens.refresh_token
    second = accounts.refresh(first).refresh_token
    accounts.clock.moment += GRACE
    assert accounts.refresh(first).refresh_token == second


@pytest.mark.parametrize("after", ["the grace", "its successor was used"])
def test_a_reused_refresh_token_ends_its_token_family(accounts: Accounts, after: str) -> None:
    accounts.add()
    first = accounts.log_in().tokens.refresh_token
    last = accounts.refresh(first).refresh_token
    if after == "the grace":
        accounts.clock.moment += GRACE + timedelta(microseconds=1)
    else:
        last = accounts.refresh(last).refresh_token
    with pytest.raises(Unauthenticated):
        accounts.refresh(first)
    with pytest.raises(Unauthenticated):
        accounts.refresh(last)
    assert accounts.actions() == ["users.refresh_token_reused"]


def test_refreshing_does_not_extend_a_family(accounts: Accounts) -> None:
    accounts.add()
    token = accounts.log_in().tokens.refresh_token
    accounts.clock.moment += FAMILY_LIFETIME - timedelta(seconds=1)
    token = accounts.refresh(token).refresh_token
    accounts.clock.moment += timedelta(seconds=1)
    with pytest.raises(Unauthenticated):
        accounts.refresh(token)


def test_an_unknown_token_is_refused(accounts: Accounts) -> None:
    with pytest.raises(Unauthenticated):
        accounts.refresh("gwr_unknown")


# Logging out


def test_logging_out_ends_one_session(accounts: Accounts) -> None:
    accounts.add()
    ended, kept = (accounts.log_in().tokens.refresh_token for _ in range(2))
    log_out(ended, work=accounts.work, clock=accounts.clock)
    log_out("gwr_unknown", work=accounts.work, clock=accounts.clock)
    with pytest.raises(Unauthenticated):
        accounts.refresh(ended)
    accounts.refresh(kept)


def test_logging_out_everywhere_ends_sessions_and_tickets(accounts: Accounts) -> None:
    user_id = accounts.add()
    by = caller(user_id, "entities:read")
    tokens = [accounts.log_in().tokens.refresh_token for _ in range(2)]
    issue_ws_ticket(by=by, work=accounts.work, clock=accounts.clock)
    assert len(accounts.work.tables.of("socket_tickets")) == 1
    log_out_everywhere(by=by, work=accounts.work, clock=accounts.clock)
    for token in tokens:
        with pytest.raises(Unauthenticated):
            accounts.refresh(token)
    assert accounts.work.tables.of("socket_tickets") == {}


# Passwords


def change(accounts: Accounts, current: str, new: str = NEW_PASSWORD) -> None:
    with accounts.work as work:
        user = work.users.by_email(EMAIL)
    assert user is not None
    change_password(
        current,
        new,
        by=caller(user.id),
        address=ADDRESS,
        work=accounts.work,
        hasher=accounts.hasher,
        clock=accounts.clock,
    )


def test_a_new_password_ends_all_sessions(accounts: Accounts) -> None:
    accounts.add()
    token = accounts.log_in().tokens.refresh_token
    change(accounts, PASSWORD)
    with pytest.raises(Unauthenticated):
        accounts.refresh(token)
    with pytest.raises(Unauthenticated):
        accounts.log_in()
    accounts.log_in(NEW_PASSWORD)
    assert accounts.actions() == ["users.changed_password"]


def test_guesses_of_the_current_password_are_limited_as_logins_are(accounts: Accounts) -> None:
    accounts.add()
    for _ in range(PAIR_FAILURES):
        with pytest.raises(Invalid) as raised:
            change(accounts, "wrong")
        assert raised.value.faults[0].pointer == "/current_password"
    with pytest.raises(Throttled):
        change(accounts, PASSWORD)
    with pytest.raises(Throttled):
        accounts.log_in()


def test_a_weak_new_password_is_refused_before_the_current_one_is_checked(
    accounts: Accounts,
) -> None:
    accounts.add()
    with pytest.raises(Invalid) as raised:
        change(accounts, "wrong", "short")
    assert raised.value.faults[0].pointer == "/new_password"
    assert len(accounts.work.tables.of("login_failures")) == 0


# Accounts


@pytest.mark.parametrize(("roles", "detail"), [((), "must have a role"), (("nope",), "nope")])
def test_an_account_needs_roles_that_exist(
    accounts: Accounts, roles: tuple[str, ...], detail: str
) -> None:
    with pytest.raises(Invalid) as raised:
        create_user(EMAIL, None, roles=roles, work=accounts.work, hasher=accounts.hasher)
    assert detail in raised.value.faults[0].detail


def test_the_first_admin_is_made_once(accounts: Accounts) -> None:
    def make(email: str) -> object:
        return make_first_admin(email, PASSWORD, work=accounts.work, hasher=accounts.hasher)

    assert make("root@example.org") is not None
    assert make("other@example.org") is None


def test_the_first_admin_needs_an_email_address_that_is_not_taken(accounts: Accounts) -> None:
    accounts.add()
    with pytest.raises(Conflict):
        make_first_admin(EMAIL, PASSWORD, work=accounts.work, hasher=accounts.hasher)
