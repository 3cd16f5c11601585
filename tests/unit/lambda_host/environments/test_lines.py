"""In which order waiting calls begin, and how many of one caller run at once."""

from collections import deque

import pytest

from groundwork_lambda_host.environments.invocation import Call
from groundwork_lambda_host.environments.lines import Lines
from groundwork_lambda_host.places import NO_CALLER, Place

PASSWORDS = "passwords"


def call(place: Place, name: str = "") -> Call:
    return Call(b"", name or place.line, "", "json", lambda _: None, place)


def calls(line: str, count: int, lane: str = "", part: str = "") -> list[Call]:
    return [call(Place(line, part, lane), f"{line}{number}") for number in range(count)]


def served(lines: Lines, environments: int = 1) -> list[str]:
    """The ids of waiting calls in the order in which so many environments take them."""
    order: list[str] = []
    running: deque[Call] = deque()
    while True:
        while len(running) < environments and (following := lines.next()) is not None:
            lines.begun(following)
            running.append(following)
            order.append(following.request_id)
        if not running:
            return order
        lines.ended(running.popleft())


def test_each_line_is_served_in_turn() -> None:
    lines = Lines(most=2, wait_line=100)
    for one in [*calls("a", 3), *calls("b", 2), *calls("c", 1)]:
        lines.add(one)
    assert served(lines) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_with_one_line_for_all_callers_the_last_call_is_served_last() -> None:
    """The negative control: without lines, who comes last is served last."""
    lines = Lines(most=2, wait_line=100)
    for one in calls("all", 3):
        lines.add(one)
    lines.add(call(Place("all"), "other"))
    assert served(lines) == ["all0", "all1", "all2", "other"]


def test_the_parts_of_a_line_are_served_in_turn() -> None:
    lines = Lines(most=2, wait_line=100)
    for one in [*calls("address", 3, part="made up"), *calls("address", 1, part="another")]:
        lines.add(one)
    assert served(lines) == ["address0", "address0", "address1", "address2"]


def test_many_parts_get_no_more_turns_than_one() -> None:
    """Made-up tokens do not give their sender more than the one line of its address."""
    lines = Lines(most=2, wait_line=1000)
    for number in range(100):
        lines.add(call(Place("address", f"token {number}"), "flood"))
    for one in calls("user", 2):
        lines.add(one)
    assert served(lines)[:4] == ["flood", "user0", "flood", "user1"]


@pytest.mark.parametrize(("most", "share"), [(2, 1), (3, 1), (6, 3), (9, 4)])
def test_one_line_keeps_at_most_half_of_the_environments(most: int, share: int) -> None:
    lines = Lines(most, wait_line=100)
    for one in calls("a", 50):
        lines.add(one)
    running = []
    while (following := lines.next()) is not None:
        lines.begun(following)
        running.append(following)
    assert len(running) == share
    assert not lines.may_begin(call(Place("a")))
    assert lines.may_begin(call(Place("b")))
    lines.ended(running[0])
    assert lines.next() is not None


def test_the_hosts_own_events_may_use_every_environment() -> None:
    lines = Lines(most=4, wait_line=100)
    for number in range(10):
        lines.add(call(NO_CALLER, str(number)))
    running = []
    for _ in range(4):
        following = lines.next()
        assert following is not None
        lines.begun(following)
        running.append(following.request_id)
    assert running == ["0", "1", "2", "3"]
    assert lines.may_begin(call(NO_CALLER))


def test_a_lane_takes_half_of_the_environments_and_one_caller_half_of_the_lane() -> None:
    lines = Lines(most=8, wait_line=100)
    for line in ("a", "b"):
        for one in calls(line, 10, lane=PASSWORDS):
            lines.add(one)
    running = []
    while (following := lines.next()) is not None:
        lines.begun(following)
        running.append(following)
    assert sorted(one.place.line for one in running) == ["a", "a", "b", "b"]
    assert lines.may_begin(call(Place("d")))
    assert not lines.may_begin(call(Place("d", lane=PASSWORDS)))


def test_a_full_lane_delays_no_other_lane() -> None:
    lines = Lines(most=2, wait_line=100)
    for one in calls("a", 5, lane=PASSWORDS):
        lines.add(one)
    first = lines.next()
    assert first is not None
    lines.begun(first)
    lines.add(call(Place("b"), "other"))
    following = lines.next()
    assert following is not None
    assert following.request_id == "other"


def test_when_too_many_calls_wait_the_newest_of_the_longest_line_is_refused() -> None:
    lines = Lines(most=2, wait_line=4)
    flood = calls("a", 4)
    for one in flood:
        assert lines.add(one) is None
    more = call(Place("a"))
    assert lines.add(more) is more
    other = call(Place("b"), "other")
    assert lines.add(other) is flood[-1]
    assert len(lines) == 4
    assert served(lines) == ["a0", "other", "a1", "a2"]


def test_no_call_waits_if_no_place_is_allowed() -> None:
    lines = Lines(most=2, wait_line=0)
    one = call(Place("a"))
    assert lines.add(one) is one
    assert len(lines) == 0


def test_a_cancelled_call_takes_no_place_in_its_line() -> None:
    lines = Lines(most=2, wait_line=2)
    first, second = calls("a", 2)
    for one in (first, second):
        lines.add(one)
        one.waits_in = lines
    first.leave()
    assert len(lines) == 1
    assert lines.add(call(Place("a"), "new")) is None
    assert served(lines) == ["a1", "new"]
    second.leave()  # it is under way by now, which changes nothing


def test_a_pool_starts_one_environment_more_than_waiting_calls_may_use() -> None:
    lines = Lines(most=8, wait_line=100)
    lines.add(call(Place("a")))
    assert lines.wanted == 2
    for one in calls("a", 50):
        lines.add(one)
    assert lines.wanted == 5
    for one in calls("b", 50):
        lines.add(one)
    assert lines.wanted == 8


def test_clear_removes_the_waiting_calls_of_all_lines() -> None:
    lines = Lines(most=2, wait_line=100)
    for one in [*calls("a", 2), *calls("b", 1, lane=PASSWORDS)]:
        lines.add(one)
    assert len(lines.clear()) == 3
    assert len(lines) == 0
    assert lines.next() is None
