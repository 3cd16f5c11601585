"""The relay's metrics of how far behind each destination is, also while it fails."""

import json
from uuid import UUID

import pytest

from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.ports import Backlog
from groundwork_runtime.relay.observer import EVERY_SECONDS, MetricsObserver

ROW = OutboxRow(1, 1, "entities", UUID(int=1), 1, "created", {})


class Time:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def lags(capsys: pytest.CaptureFixture[str]) -> list[float]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["relay_lag_seconds"] for line in lines if "relay_lag_seconds" in line]


def test_the_worst_lag_of_each_second_is_emitted(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    telling = MetricsObserver(time)
    for lag in (0.1, 7.0, 0.2):
        telling.carried("graph", [ROW], lag)
    assert lags(capsys) == [0.1]
    time.seconds += EVERY_SECONDS
    telling.carried("graph", [ROW], 0.3)
    assert lags(capsys) == [7.0]


def test_a_failed_destination_emits_its_lag(
    capsys: pytest.CaptureFixture[str],
) -> None:
    MetricsObserver(Time()).failed("graph", ConnectionError(), 1.0, 42.0)
    assert lags(capsys) == [42.0]


def test_the_lag_at_the_end_of_a_run_is_emitted(capsys: pytest.CaptureFixture[str]) -> None:
    MetricsObserver(Time()).ended({"graph": Backlog(ready=True, waiting=True, lag_seconds=9.0)})
    assert lags(capsys) == [9.0]


def test_a_pass_without_rows_emits_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    MetricsObserver(Time()).carried("graph", [], 0.0)
    assert lags(capsys) == []
