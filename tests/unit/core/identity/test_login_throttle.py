"""The limits of failed logins."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.errors import Throttled
from groundwork_core.identity.login_throttle import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    PAIR_FAILURES,
    Failures,
    LoginAttempt,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=3)
ATTEMPT = LoginAttempt("ada@example.test", "192.0.2.1")
ADDRESS = "address:192.0.2.1"


@pytest.mark.parametrize(
    ("subject", "limit"),
    [
        (ATTEMPT.pair, PAIR_FAILURES),
        (ADDRESS, ADDRESS_FAILURES),
        (ATTEMPT.account, ACCOUNT_FAILURES),
    ],
)
def test_each_limit_stops_at_its_number_and_says_for_how_long(subject: str, limit: int) -> None:
    ATTEMPT.must_be_allowed({subject: Failures(limit - 1, LATER)}, NOW)
    with pytest.raises(Throttled) as found:
        ATTEMPT.must_be_allowed({subject: Failures(limit, LATER)}, NOW)

    assert found.value.retry_after_seconds == 180


def test_a_window_ends_by_itself() -> None:
    ATTEMPT.must_be_allowed({ATTEMPT.pair: Failures(10_000, NOW)}, NOW)


def test_an_address_the_owner_came_from_is_not_stopped_by_others_guesses() -> None:
    guessed = {ATTEMPT.account: Failures(ACCOUNT_FAILURES, LATER)}

    ATTEMPT.must_be_allowed({**guessed, ATTEMPT.known: Failures(0, LATER)}, NOW)
    with pytest.raises(Throttled):
        ATTEMPT.must_be_allowed({**guessed, ATTEMPT.known: Failures(0, NOW)}, NOW)
    own = {ATTEMPT.pair: Failures(PAIR_FAILURES, LATER)}
    with pytest.raises(Throttled):
        ATTEMPT.must_be_allowed({**own, ATTEMPT.known: Failures(0, LATER)}, NOW)


def test_the_table_of_failed_logins_holds_no_email_address() -> None:
    assert not any("ada" in subject for subject in [*ATTEMPT.failure_limits, ATTEMPT.known])
