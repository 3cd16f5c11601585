"""The limit of messages that one socket may send."""

import pytest

from groundwork_lambda_host.sockets.allowance import Allowance


def test_a_socket_may_send_some_at_once_and_then_waits() -> None:
    allowance = Allowance(per_second=10.0, at_once=3)
    waits = [allowance.take(100.0) for _ in range(5)]
    assert waits == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2])


def test_the_bucket_fills_with_time_up_to_its_capacity() -> None:
    allowance = Allowance(per_second=10.0, at_once=3)
    for _ in range(3):
        allowance.take(100.0)
    assert allowance.take(100.1) == pytest.approx(0.0)
    assert [allowance.take(1000.0) for _ in range(4)] == pytest.approx([0.0, 0.0, 0.0, 0.1])
