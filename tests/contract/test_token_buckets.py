"""Token buckets: the fake and the real ones behave alike."""

from collections.abc import Callable, Iterator

import pytest

from groundwork_core.rate_limits.ports import LeasedTokens, Rate, TokenBuckets
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.rate_buckets import PostgresTokenBuckets

from ..fakes.token_buckets import FakeTokenBuckets

# So slow that no test's own time fills anything.
SLOW = Rate(per_second=1, burst=1000)
Pass = Callable[[float], None]


@pytest.fixture(params=["fake", "postgres"])
def buckets(request: pytest.FixtureRequest) -> Iterator[tuple[TokenBuckets, Pass]]:
    """Buckets, and what lets seconds pass."""
    if request.param == "fake":
        fake = FakeTokenBuckets()

        def move(seconds: float) -> None:
            fake.moment += seconds

        yield fake, move
        return
    database = Database(request.getfixturevalue("database_url"), application_name="test")

    def age(seconds: float) -> None:
        sql = "UPDATE rate_buckets SET filled_at = filled_at - make_interval(secs => %s)"
        database.rows(sql, (seconds,))

    yield PostgresTokenBuckets(database), age
    database.close()


Buckets = tuple[TokenBuckets, Pass]


def lease(
    buckets: Buckets, wanted: int, returned: int = 0, who: str = "a", least: int = 1
) -> LeasedTokens:
    return buckets[0].lease(who, SLOW, wanted=wanted, least=least, returned=returned)


def test_a_request_for_more_tokens_than_left_gets_and_takes_none(buckets: Buckets) -> None:
    lease(buckets, 700)
    assert lease(buckets, 600, least=600).granted == 0
    assert lease(buckets, 300, least=300).granted == 300


def test_a_new_bucket_is_full_and_gives_no_more_than_it_has(buckets: Buckets) -> None:
    assert lease(buckets, 600).granted == 600
    assert lease(buckets, 600).granted == pytest.approx(400, abs=30)
    assert lease(buckets, 600).granted <= 30


def test_tokens_come_back_with_time_up_to_the_burst(buckets: Buckets) -> None:
    lease(buckets, 1000)
    buckets[1](200)
    assert lease(buckets, 500).granted == pytest.approx(200, abs=30)
    buckets[1](100_000)
    assert lease(buckets, 5000).granted == 1000


def test_unused_tokens_are_returned_up_to_the_burst(buckets: Buckets) -> None:
    lease(buckets, 1000)
    assert lease(buckets, 300, returned=250).granted == pytest.approx(250, abs=30)
    assert lease(buckets, 5000, returned=5000).granted == 1000


def test_each_principal_has_a_bucket_of_its_own(buckets: Buckets) -> None:
    lease(buckets, 1000)
    assert lease(buckets, 1000, who="b").granted == 1000


def test_a_clock_that_goes_back_removes_no_tokens(buckets: Buckets) -> None:
    lease(buckets, 500)
    if isinstance(buckets[0], PostgresTokenBuckets):
        buckets[1](-3600)
    assert lease(buckets, 300).left == pytest.approx(200, abs=30)
