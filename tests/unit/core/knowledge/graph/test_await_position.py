"""Waiting until the graph has reached a position."""

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.await_position import PATIENCE_SECONDS, await_position
from groundwork_core.knowledge.graph.errors import GraphBehind


class Time:
    """A clock that goes forward by waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Reached:
    def __init__(self, time: Time, at: float) -> None:
        self._time, self._at, self.looks = time, at, 0

    def reached(self, destination: str, position: str) -> bool:
        self.looks += 1
        return destination == "graph" and self._time.now >= self._at


def waited(at: float) -> tuple[float, int]:
    time = Time()
    reached = Reached(time, at)
    await_position("812", reached, pause=time.pause, monotonic=time.monotonic)
    return time.now, reached.looks


def test_a_graph_that_is_there_is_not_waited_for() -> None:
    assert waited(0) == (0.0, 1)


def test_a_graph_that_comes_soon_is_waited_for() -> None:
    seconds, looks = waited(1.0)
    assert 1.0 <= seconds <= 1.1
    assert looks < 40


def test_waiting_for_a_position_ends_in_graph_behind() -> None:
    time = Time()
    with pytest.raises(GraphBehind):
        await_position("812", Reached(time, 99), pause=time.pause, monotonic=time.monotonic)
    assert time.now <= PATIENCE_SECONDS


@pytest.mark.parametrize("position", ["", "x", "-1", "1.0", "9" * 19, "1" * 20, "٣", "1 OR 1"])
def test_a_malformed_position_is_refused(position: str) -> None:
    with pytest.raises(Invalid):
        await_position(position, Reached(Time(), 0))
