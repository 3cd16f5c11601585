"""Guessing passwords is stopped soon and reveals nothing; no account is locked out for good.

Each guard is also taken away.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import argon2
import psycopg
import pytest

from groundwork_core.errors import Throttled
from groundwork_core.identity import login_throttle, passwords
from groundwork_core.identity.login_throttle import PAIR_FAILURES, WINDOW, LoginAttempt
from groundwork_data.identity.passwords import Argon2Hasher

from ....fakes.callers import FakeClock
from .conftest import PASSWORD, Identity, MakeUser

EMAIL = "ada@example.test"
WRONG = "wrong password"
NOBODY = "nobody@example.test"
HOME, AWAY = "203.0.113.7", "198.51.100.9"


def unguarded(_attempt: LoginAttempt, _failures: object, _now: datetime) -> None:
    """The guard, disabled: every client is allowed."""


def addresses(count: int) -> list[str]:
    return [f"198.18.0.{number}" for number in range(count)]


@pytest.fixture
def clock(identity: Identity) -> FakeClock:
    """The function's clock, which a test moves."""
    made = identity.parts.clock = identity.parts.database_clock = FakeClock(datetime.now(UTC))
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that are reached by a few tries: each one costs a hash."""
    monkeypatch.setattr(login_throttle, "ADDRESS_FAILURES", 4)
    monkeypatch.setattr(login_throttle, "ACCOUNT_FAILURES", 4)


# Stopped soon


@pytest.mark.parametrize("guard", [LoginAttempt.must_be_allowed, unguarded])
def test_guesses_at_one_account_from_one_address_are_limited(
    identity: Identity,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    guard: Callable[[LoginAttempt, object, datetime], None],
) -> None:
    monkeypatch.setattr(LoginAttempt, "must_be_allowed", guard)
    make_user(EMAIL)
    make_user("bob@example.test")

    failed = [identity.log_in(EMAIL, WRONG).status for _ in range(PAIR_FAILURES + 2)]
    right = identity.log_in(EMAIL)

    if guard is unguarded:
        assert failed == [401] * (PAIR_FAILURES + 2)
        assert right.status == 200
        return
    assert failed == [401] * PAIR_FAILURES + [429] * 2
    assert right.status == 429
    assert 0 < int(right.headers["Retry-After"][0]) <= WINDOW.total_seconds()
    assert identity.log_in("bob@example.test").status == 200
    assert identity.log_in(EMAIL, address=AWAY).status == 200


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("guard", [LoginAttempt.must_be_allowed, unguarded])
def test_guesses_at_many_accounts_from_one_address_are_limited(
    identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
    guard: Callable[[LoginAttempt, object, datetime], None],
) -> None:
    monkeypatch.setattr(LoginAttempt, "must_be_allowed", guard)
    names = [f"{number}@example.test" for number in range(6)]
    failed = [identity.log_in(name, WRONG).status for name in names]
    assert failed == [401] * 4 + [401 if guard is unguarded else 429] * 2
    assert identity.log_in(names[0], WRONG, address=AWAY).status == 401


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("guard", [LoginAttempt.must_be_allowed, unguarded])
def test_guesses_at_one_account_from_many_addresses_are_limited(
    identity: Identity,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    guard: Callable[[LoginAttempt, object, datetime], None],
) -> None:
    monkeypatch.setattr(LoginAttempt, "must_be_allowed", guard)
    make_user(EMAIL)
    failed = [identity.log_in(EMAIL, WRONG, address=one).status for one in addresses(6)]
    assert failed == [401] * 4 + [401 if guard is unguarded else 429] * 2
    assert identity.log_in(NOBODY, WRONG, address=HOME).status == 401


# Not locked out for good


@pytest.mark.usefixtures("small")
def test_an_owner_can_log_in_while_many_addresses_guess(
    identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL)
    assert identity.log_in(EMAIL, address=HOME).status == 200
    for one in addresses(5):
        identity.log_in(EMAIL, WRONG, address=one)

    assert identity.log_in(EMAIL, address=AWAY).status == 429
    assert identity.log_in(EMAIL, address=HOME).status == 200


@pytest.mark.usefixtures("small")
def test_without_remembered_addresses_guesses_of_others_stop_the_owner(
    identity: Identity, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(EMAIL)
    monkeypatch.setattr("groundwork_core.identity.log_in.KNOWN", timedelta(0))
    identity.log_in(EMAIL, address=HOME)
    for one in addresses(5):
        identity.log_in(EMAIL, WRONG, address=one)

    assert identity.log_in(EMAIL, address=HOME).status == 429


def prolonging(database_url: str) -> Callable[[LoginAttempt, object, datetime], None]:
    """A guard that counts refused tries too: each begins the window anew."""
    guard = LoginAttempt.must_be_allowed

    def must_be_allowed(attempt: LoginAttempt, failures: object, now: datetime) -> None:
        try:
            guard(attempt, failures, now)  # type: ignore[arg-type]  # passed on as it came
        except Throttled:
            with psycopg.connect(database_url) as connection:
                connection.execute(
                    "UPDATE login_failures SET window_ends_at = %s WHERE subject = ANY(%s)",
                    (now + WINDOW, list(attempt.failure_limits)),
                )
            raise

    return must_be_allowed


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("prolonged", [False, True])
def test_an_owner_at_a_new_address_can_log_in_after_the_wait_despite_guessing(
    identity: Identity,
    make_user: MakeUser,
    clock: FakeClock,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    prolonged: bool,  # noqa: FBT001 - whether the guard is taken away
) -> None:
    """If refused tries counted, a client that goes on trying would keep the owner out for ever."""
    make_user(EMAIL)
    if prolonged:
        monkeypatch.setattr(LoginAttempt, "must_be_allowed", prolonging(database_url))
    for one in addresses(4):
        identity.log_in(EMAIL, WRONG, address=one)
    refused = identity.log_in(EMAIL, address=AWAY)
    assert refused.status == 429

    wait = int(refused.headers["Retry-After"][0])
    for _ in range(4):
        clock.pass_by(seconds=(wait + 1) / 5)
        assert identity.log_in(EMAIL, WRONG, address="198.18.0.1").status == 429
    clock.pass_by(seconds=(wait + 1) / 5)
    assert identity.log_in(EMAIL, address=AWAY).status == (429 if prolonged else 200)


# Answers that reveal nothing


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed or verified, which is the costly part of a login."""
    done: list[str] = []

    def counted(name: str) -> Callable[..., object]:
        real = getattr(argon2._password_hasher, name)

        def call(*given: object, **more: object) -> object:
            done.append(name)
            return real(*given, **more)

        return call

    for name in ("hash_secret", "verify_secret"):
        monkeypatch.setattr(argon2._password_hasher, name, counted(name))
    return done


class Hasty(Argon2Hasher):
    """With the guard disabled: it does not compare where there is nothing to compare with."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        return password_hash is not None and super().verify(password_hash, password)


@pytest.mark.parametrize("hasher", [Argon2Hasher, Hasty])
def test_a_login_takes_one_hash_with_or_without_an_account(
    identity: Identity, make_user: MakeUser, hashes: list[str], hasher: type[Argon2Hasher]
) -> None:
    make_user(EMAIL)
    make_user("gone@example.test")
    database = identity.parts.database
    database.rows("UPDATE users SET status = 'disabled' WHERE email = 'gone@example.test'")
    database.rows("UPDATE users SET password_hash = NULL WHERE email = 'gone@example.test'")
    identity.parts.password_hasher = hasher()

    def cost(email: str) -> list[str]:
        hashes.clear()
        assert identity.log_in(email, WRONG).status == 401
        return list(hashes)

    # The unknown one first: nothing may be made ready for it while somebody waits.
    unknown = [] if hasher is Hasty else ["verify_secret"]
    assert cost(NOBODY) == unknown
    assert cost(NOBODY) == unknown
    assert cost("gone@example.test") == unknown
    assert cost(EMAIL) == ["verify_secret"]


# Bad passwords


@pytest.mark.parametrize("common", [passwords.COMMON, frozenset[str]()])
def test_a_common_password_is_refused_because_it_is_listed(
    identity: Identity,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    common: frozenset[str],
) -> None:
    monkeypatch.setattr(passwords, "COMMON", common)
    make_user(EMAIL)
    token = identity.log_in(EMAIL).json["access_token"]
    body = {"current_password": PASSWORD, "new_password": "Password123"}
    reply = identity.call("POST", "/api/v1/auth/password", body, token=token)
    assert reply.status == (422 if common else 204), reply.text
