"""A known device can log in though others used up the limits of its address.

Behind a proxy everybody has one address. Each guard is also taken away.
"""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.identity import login_throttle
from groundwork_core.identity.login_throttle import (
    DEVICE_FAILURES,
    KNOWN,
    PAIR_FAILURES,
    WINDOW,
    LoginAttempt,
)

from ....fakes.callers import FakeClock
from .conftest import PASSWORD, Identity, MakeUser, Reply

ADA, BOB = "ada@example.test", "bob@example.test"
WRONG = "wrong password"
LOGIN = "/api/v1/auth/login"


class Proxied:
    """Clients that all have the proxy's address."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def __call__(
        self, email: str, password: str = PASSWORD, *, device: str = "", cookie: str = ""
    ) -> Reply:
        body = {"email": email, "password": password}
        if device:
            body["device_token"] = device
        return self.identity.call("POST", LOGIN, body, cookie=cookie)

    def guess(self, email: str, times: int = PAIR_FAILURES) -> list[int]:
        """Somebody guesses until the pair is throttled."""
        return [self(email, WRONG).status for _ in range(times)]


@pytest.fixture
def proxied(identity: Identity, make_user: MakeUser) -> Proxied:
    make_user(ADA)
    make_user(BOB)
    return Proxied(identity)


@pytest.fixture
def clock(identity: Identity) -> FakeClock:
    made = identity.parts.clock = identity.parts.database_clock = FakeClock(datetime.now(UTC))
    return made


def cookie_of(reply: Reply) -> str:
    """The name and value that a browser would send back."""
    (header,) = reply.headers["Set-Cookie"]
    return header.partition(";")[0]


@pytest.mark.parametrize("how", ["body", "cookie"])
def test_a_known_device_can_log_in_while_somebody_else_guesses(proxied: Proxied, how: str) -> None:
    first = proxied(ADA)
    known = (
        {"device": first.json["device_token"]} if how == "body" else {"cookie": cookie_of(first)}
    )
    proxied.guess(ADA)
    assert proxied(ADA).status == 429
    assert proxied(ADA, **known).status == 200


def test_without_known_devices_guesses_of_others_lock_the_owner_out(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = proxied(ADA).json["device_token"]
    monkeypatch.setattr(LoginAttempt, "on_known_device", lambda *_: False)
    proxied.guess(ADA)
    assert proxied(ADA, device=device).status == 429


def test_a_known_device_logs_in_when_other_limits_are_used_up(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_throttle, "ADDRESS_FAILURES", 3)
    monkeypatch.setattr(login_throttle, "ACCOUNT_FAILURES", 3)
    device = proxied(ADA).json["device_token"]
    proxied.guess(ADA, 3)
    assert proxied(BOB).status == 429
    assert proxied(ADA, device=device).status == 200


def test_a_known_device_of_one_account_is_unknown_to_another(proxied: Proxied) -> None:
    attacker = proxied(BOB)
    proxied.guess(ADA)
    name, _, words = cookie_of(attacker).partition("=")
    ada_s_name, _, _ = cookie_of(proxied(BOB)).partition("=")
    assert name == ada_s_name  # of Bob's both
    for known in (
        {"device": attacker.json["device_token"]},
        {"cookie": cookie_of(attacker)},
        {"cookie": f"gw_device_{'0' * 16}={words}"},
    ):
        assert proxied(ADA, WRONG, **known).status == 429
        assert proxied(ADA, **known).status == 429


@pytest.mark.parametrize(
    "made_up", ["x", "gwd_", "gwd_" + "Zk9_" * 10 + "abc", "gwd_" + "a" * 1000, "' OR 1=1 --"]
)
def test_an_invented_cookie_is_not_a_known_device(proxied: Proxied, made_up: str) -> None:
    assert proxied(BOB, device=made_up).json["device_token"] != made_up
    proxied.guess(ADA)
    assert proxied(ADA, device=made_up).status == 429
    assert proxied(ADA, cookie=f"gw_device={made_up}; a=b; ; =;").status == 429


def test_a_planted_cookie_does_not_become_a_known_device(proxied: Proxied) -> None:
    """An attacker who planted the cookie knows its value."""
    planted = proxied(BOB).json["device_token"]
    given = proxied(ADA, device=planted).json["device_token"]
    assert given != planted
    proxied.guess(ADA)
    assert proxied(ADA, device=planted).status == 429
    assert proxied(ADA, device=given).status == 200


def test_a_device_stays_the_same_while_it_is_used(proxied: Proxied, clock: FakeClock) -> None:
    device = proxied(ADA).json["device_token"]
    for _ in range(3):
        clock.pass_by(days=KNOWN.days - 1)
        assert proxied(ADA, device=device).json["device_token"] == device
    clock.pass_by(days=KNOWN.days + 1)
    proxied.guess(ADA)
    assert proxied(ADA, device=device).status == 429


def test_guesses_on_a_known_device_are_limited_too(proxied: Proxied, clock: FakeClock) -> None:
    """It may have been stolen: it has so many guesses of its own, then those of its address."""
    device = proxied(ADA).json["device_token"]
    proxied.guess(ADA)
    failed = [proxied(ADA, WRONG, device=device).status for _ in range(DEVICE_FAILURES + 2)]
    assert failed == [401] * DEVICE_FAILURES + [429] * 2
    assert proxied(ADA, device=device).status == 429
    clock.pass_by(seconds=(WINDOW + timedelta(seconds=1)).total_seconds())
    assert proxied(ADA, device=device).status == 200


def test_without_a_limit_for_each_device_a_stolen_device_can_guess_on(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_throttle, "DEVICE_FAILURES", 1_000)
    device = proxied(ADA).json["device_token"]
    failed = [proxied(ADA, WRONG, device=device).status for _ in range(PAIR_FAILURES + 2)]
    assert failed == [401] * (PAIR_FAILURES + 2)


def test_failures_on_a_known_device_count_for_that_device_alone(proxied: Proxied) -> None:
    device = proxied(ADA).json["device_token"]
    for _ in range(DEVICE_FAILURES):
        proxied(ADA, WRONG, device=device)
    assert proxied(ADA, WRONG).status == 401


def test_a_login_on_a_known_device_gives_guessers_no_further_guesses(proxied: Proxied) -> None:
    device = proxied(ADA).json["device_token"]
    proxied.guess(ADA)
    assert proxied(ADA, device=device).status == 200
    assert proxied(ADA, WRONG).status == 429


def test_a_login_on_a_known_device_forgives_its_own_failures(proxied: Proxied) -> None:
    device = proxied(ADA).json["device_token"]
    for _ in range(2):
        for _ in range(DEVICE_FAILURES - 1):
            assert proxied(ADA, WRONG, device=device).status == 401
        assert proxied(ADA, device=device).status == 200


def test_the_cookie_goes_to_logins_only_and_to_no_script(proxied: Proxied) -> None:
    (header,) = proxied(ADA).headers["Set-Cookie"]
    attributes = set(header.split("; ")[1:])
    assert {"HttpOnly", "SameSite=Strict", f"Path={LOGIN}", "Max-Age=2592000"} <= attributes
    assert "Secure" not in attributes  # local: over plain HTTP


def test_outside_local_the_cookie_is_never_sent_in_plain(proxied: Proxied) -> None:
    parts = proxied.identity.parts
    parts.settings = parts.settings.model_copy(update={"stage": "prod"})
    (header,) = proxied(ADA).headers["Set-Cookie"]
    assert header.endswith("; Secure")


def test_two_accounts_on_one_browser_have_a_cookie_each(proxied: Proxied) -> None:
    both = f"{cookie_of(proxied(ADA))}; {cookie_of(proxied(BOB))}"
    proxied.guess(ADA)
    proxied.guess(BOB)
    assert proxied(ADA, cookie=both).status == 200
    assert proxied(BOB, cookie=both).status == 200


def test_a_refused_login_sets_no_cookie(proxied: Proxied) -> None:
    assert "Set-Cookie" not in proxied(ADA, WRONG).headers


def test_device_cookies_are_not_stored(proxied: Proxied) -> None:
    device = proxied(ADA).json["device_token"]
    rows = proxied.identity.parts.database.rows("SELECT subject FROM login_failures")
    assert rows
    assert not any(device in row[0] or ADA in row[0] for row in rows)
