"""The times of further attempts, and changes of an endpoint's circuit by responses."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.webhooks.schedule import (
    DISABLE_AFTER,
    OPENS_AFTER,
    PAUSES_SECONDS,
    EndpointHealth,
    Outcome,
    after,
    next_attempt,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)
REFUSED, TAKEN = Outcome(500, "no"), Outcome(204)


def pause(attempts: int, outcome: Outcome = REFUSED, chance: float = 0.0) -> float | None:
    at = next_attempt(attempts, outcome, NOW, lambda: chance)
    return None if at is None else (at - NOW).total_seconds()


def test_the_pauses_are_those_of_standard_webhooks() -> None:
    hours = [h * 3_600 for h in (2, 5, 10, 14, 20, 24)]
    assert list(PAUSES_SECONDS) == [0, 5, 300, 1_800, *hours]
    assert [pause(made) for made in range(1, 10)] == list(PAUSES_SECONDS[1:])
    assert pause(10) is None


def test_each_pause_is_longer_by_up_to_a_tenth() -> None:
    assert pause(1, chance=1.0) == 5.5
    assert pause(9, chance=0.5) == 86_400 * 1.05


@pytest.mark.parametrize(
    ("attempts", "asked", "kept"),
    [(1, 60, 60), (1, 86_400, 86_400), (1, 10**9, 86_400), (4, 60, 7_200), (1, 0, 5)],
)
def test_retry_after_makes_a_pause_longer_never_shorter(
    attempts: int, asked: int, kept: int
) -> None:
    assert pause(attempts, Outcome(503, "no", asked)) == kept


@pytest.mark.parametrize(
    ("status", "delivered"),
    [(199, False), (200, True), (204, True), (299, True), (300, False), (308, False), (404, False),
     (410, False), (429, False), (500, False), (None, False)],
)  # fmt: skip
def test_only_a_2xx_response_counts_as_delivered(status: int | None, delivered: bool) -> None:  # noqa: FBT001 - a table
    assert Outcome(status).delivered is delivered


def test_a_success_forgets_failures() -> None:
    failing = EndpointHealth(12, NOW, 500, NOW + timedelta(hours=1), NOW)
    assert after(failing, TAKEN, NOW) == (EndpointHealth(last_status=204), "none")


def test_the_circuit_opens_and_doubles_up_to_an_hour() -> None:
    health, seconds = EndpointHealth(), []
    for _ in range(OPENS_AFTER + 9):
        health, _ = after(health, REFUSED, NOW)
        if health.open_until is not None:
            seconds.append((health.open_until - NOW).total_seconds())
    assert seconds == [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    assert health.doubtful


def test_retry_after_stops_the_endpoint() -> None:
    health, _ = after(EndpointHealth(), Outcome(429, "slow", 120), NOW)
    assert health.open_until == NOW + timedelta(seconds=120)
    later = NOW + timedelta(seconds=1)
    again, _ = after(health, Outcome(429, "slow", 5), later)
    assert again.open_until == health.open_until  # not sooner


def test_an_endpoint_is_warned_once_at_half_of_five_days_and_then_disabled() -> None:
    health, _ = after(EndpointHealth(), REFUSED, NOW)
    consequences = []
    for hours in range(1, 130):
        health, consequence = after(health, REFUSED, NOW + timedelta(hours=hours))
        if consequence != "none":
            consequences.append((hours, consequence))
    half = DISABLE_AFTER.total_seconds() / 7_200
    assert consequences[:2] == [(half, "warn"), (half * 2, "disable")]
    assert {consequence for _, consequence in consequences[1:]} == {"disable"}


def test_a_410_disables_an_endpoint_at_once() -> None:
    assert after(EndpointHealth(), Outcome(410, "gone"), NOW)[1] == "disable"
