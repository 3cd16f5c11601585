"""The rate limiter of one process: few leases, no lost tokens, and errors of its store."""

import pytest
from tests.fakes.token_buckets import FakeTokenBuckets

from groundwork_core.rate_limits.limiter import RateLimiter


def taken(limiter: RateLimiter, times: int, who: str = "a") -> int:
    """Return how many of a number of requests are allowed."""
    standings = [limiter.take(who) for _ in range(times)]
    return len([one for one in standings if one is None or one.allowed])


def test_a_principal_gets_its_burst_and_then_its_rate() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 100, buckets.now)
    assert taken(limiter, 1000) == 400
    buckets.moment += 1
    assert taken(limiter, 1000) == 100


@pytest.mark.parametrize("per_second", [1, 2, 19, 20, 500])
def test_many_processes_together_accept_no_more_requests_than_one(per_second: int) -> None:
    buckets = FakeTokenBuckets()
    processes = [RateLimiter(buckets, per_second, buckets.now) for _ in range(7)]
    through = 0
    for _ in range(20):
        through += sum(taken(each, per_second * 2) for each in processes)
        buckets.moment += 0.5
    assert through <= per_second * (4 + 9.5)
    assert through >= per_second * (4 + 8)


def test_most_requests_cost_no_round_trip() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 500, buckets.now)
    assert taken(limiter, 1000) == 1000
    assert buckets.leases == 40


def test_a_refusal_costs_no_round_trip_either() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 500, buckets.now)
    taken(limiter, 2000)
    before = buckets.leases
    assert taken(limiter, 5000) == 0
    assert buckets.leases == before + 1


def test_unused_tokens_are_returned_so_slow_clients_are_never_refused() -> None:
    """Forty processes that each hold a lease would else use up the whole rate."""
    buckets = FakeTokenBuckets()
    processes = [RateLimiter(buckets, 500, buckets.now) for _ in range(40)]
    for _ in range(30):
        assert [taken(each, 1) for each in processes] == [1] * 40
        buckets.moment += 1


def test_tokens_of_an_expired_lease_are_not_used() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 500, buckets.now)
    for leases in (1, 2, 3):
        taken(limiter, 1)
        assert buckets.leases == leases
        buckets.moment += 1.01


def test_one_principal_does_not_use_up_anothers() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 2, buckets.now)
    assert taken(limiter, 100, "user:x") == 8
    assert taken(limiter, 100, "key:x") == 8


def test_the_reported_number_is_what_is_left() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 2, buckets.now)
    standings = [limiter.take("a") for _ in range(9)]
    assert [one.remaining for one in standings if one] == [7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [one.full_after_seconds for one in standings if one][:3] == [1, 1, 2]
    last = standings[-1]
    assert last is not None
    assert (last.allowed, last.wait_seconds) == (False, 0.5)
    buckets.moment += 0.5
    assert taken(limiter, 1) == 1


def test_requests_are_neither_refused_nor_delayed_while_the_buckets_cannot_be_reached() -> None:
    buckets = FakeTokenBuckets()
    buckets.reachable = False
    limiter = RateLimiter(buckets, 2, buckets.now)
    assert taken(limiter, 100) == 100
    assert buckets.leases == 1
    buckets.reachable = True
    buckets.moment += 1.01
    assert taken(limiter, 100) == 8


def test_the_number_of_remembered_principals_is_limited() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 2, buckets.now)
    for number in range(10_500):
        limiter.take(f"user:{number}")
    assert len(limiter._held) <= 10_000


def test_a_costlier_request_takes_more_tokens() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 100, buckets.now)
    standings = [limiter.take("a", 150) for _ in range(3)]
    assert [one.allowed for one in standings if one] == [True, True, False]
    assert standings[2] is not None
    assert standings[2].wait_seconds == pytest.approx(0.5)
    assert taken(limiter, 1000) == 100  # what is too little for much is enough for little
    buckets.moment += 1.5
    again = limiter.take("a", 150)
    assert again is not None
    assert again.allowed


def test_a_request_costlier_than_the_burst_takes_all_tokens() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 10, buckets.now)
    first = limiter.take("a", 1000)
    assert first is not None
    assert first.allowed
    assert taken(limiter, 10) == 0


def test_refusing_costly_requests_costs_no_round_trip_each() -> None:
    buckets = FakeTokenBuckets()
    limiter = RateLimiter(buckets, 100, buckets.now)
    limiter.take("a", 400)
    before = buckets.leases
    assert [one.allowed for _ in range(100) if (one := limiter.take("a", 200))] == [False] * 100
    assert buckets.leases == before + 1


@pytest.mark.parametrize("per_second", [1, 19, 500])
def test_processes_together_accept_no_more_cost_than_one(per_second: int) -> None:
    buckets = FakeTokenBuckets()
    processes = [RateLimiter(buckets, per_second, buckets.now) for _ in range(5)]
    spent = 0
    for _ in range(20):
        for each in processes:
            for cost in (1, per_second, 2 * per_second):
                standing = each.take("a", cost)
                spent += cost if standing and standing.allowed else 0
        buckets.moment += 0.5
    assert spent <= per_second * (4 + 9.5)
