"""The rate limit over HTTP: shared by processes, with its state in headers."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from groundwork_core.rate_limits.limiter import RateLimiter
from groundwork_core.retention.remove_expired import remove_expired
from groundwork_data.postgres.rate_buckets import PostgresTokenBuckets
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.application import Application
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from .conftest import MINT, Reply, Rest

PER_SECOND = 2
BURST = 8
PATH = f"/api/v1/entities/{uuid4()}"
TOLD = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


class Limited(Rest):
    """An environment of its own, with a small limit."""

    def __init__(self, first: Rest, *, connected: bool = True) -> None:
        self.url, self.admin = first.url, first.admin
        settings = {"DATABASE_URL": first.url, "GROUNDWORK_RATE_LIMIT": str(PER_SECOND)}
        self.parts = Wiring(Settings.from_environment(settings))
        self._handler = Application(router, lambda: self.parts)
        if connected:
            other = MINT.token(first.user("viewer"))
            assert self("GET", PATH, token=other).status == 404


@pytest.fixture
def pair(rest: Rest) -> Iterator[list[Limited]]:
    """Two environments."""
    made = [Limited(rest) for _ in range(2)]
    yield made
    for each in made:
        each.parts.database.close()


def ask(environment: Limited, times: int) -> list[Reply]:
    return [environment("GET", PATH) for _ in range(times)]


def hammer(environments: list[Limited], times: int) -> tuple[list[Reply], float]:
    """Ask all environments at once, so many times each; the responses, and how long it took."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(environments)) as pool:
        asked = [pool.submit(ask, one, times) for one in environments]
        replies = [reply for each in asked for reply in each.result()]
    return replies, time.monotonic() - began


def through(replies: list[Reply]) -> int:
    return len([reply for reply in replies if reply.status == 404])


def test_two_processes_together_keep_to_the_limit(pair: list[Limited]) -> None:
    replies, seconds = hammer(pair, 60)
    assert BURST <= through(replies) <= BURST + PER_SECOND * seconds
    assert {reply.status for reply in replies} == {404, 429}


def test_two_processes_that_count_separately_exceed_the_limit(
    pair: list[Limited], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    take = RateLimiter.take

    def apart(limiter: RateLimiter, principal: str, tokens: int = 1) -> object:
        return take(limiter, f"{id(limiter)}:{principal}", tokens)

    monkeypatch.setattr(RateLimiter, "take", apart)
    replies, seconds = hammer(pair, 60)
    assert through(replies) > BURST + PER_SECOND * seconds


def test_a_refused_client_learns_when_to_come_back(pair: list[Limited]) -> None:
    replies, _ = hammer(pair[:1], BURST + 2)
    first, last = replies[0], replies[-1]
    assert [first.headers[name] for name in TOLD] == [["8"], ["7"], ["1"]]
    assert first.headers["RateLimit-Policy"] == ['"principal";q=8;w=4']
    assert first.headers["RateLimit"] == ['"principal";r=7;t=1']
    assert (last.status, last.json["type"]) == (429, "/problems/throttled")
    assert last.headers["Retry-After"] == ["1"]
    assert last.headers["RateLimit-Remaining"] == ["0"]
    assert last.headers["Content-Type"] == ["application/problem+json"]


def test_other_users_and_anonymous_clients_are_not_refused(rest: Rest, pair: list[Limited]) -> None:
    hammer(pair[:1], BURST + 2)
    other = pair[0]("GET", PATH, token=MINT.token(rest.user("viewer")))
    assert (other.status, other.headers["RateLimit-Remaining"]) == (404, ["7"])
    stranger = pair[0]("GET", PATH, token=None)
    assert stranger.status == 401
    assert not [name for name in stranger.headers if name.startswith("RateLimit")]


def test_a_refused_write_has_no_effect(rest: Rest, pair: list[Limited]) -> None:
    hammer(pair[:1], BURST + 2)
    body = {"name": "Ada", "type": "person", "confidence": 1.0}
    assert pair[0]("POST", "/api/v1/entities", body).status == 429
    assert rest.database.row("SELECT count(*) FROM entities") == (0,)


def test_forbidden_requests_count_too(rest: Rest, pair: list[Limited]) -> None:
    token = MINT.token(rest.user("viewer"))
    statuses = [pair[0]("GET", "/api/v1/users", token=token).status for _ in range(BURST + 2)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


def test_a_refusal_takes_no_round_trip(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where each admission reads anew what the caller may do."""
    limiter = RateLimiter(PostgresTokenBuckets(rest.database), PER_SECOND, lambda: 0.0)
    monkeypatch.setattr(rest.parts, "limiter", limiter)
    ask_all: list[Callable[[], Reply]] = [
        lambda: rest("GET", PATH),
        lambda: rest("POST", "/api/v1/users", {}),
    ]
    for asked in ask_all * BURST:
        asked()
    before = rest.database.statements
    assert [asked().status for asked in ask_all * 5] == [429] * 10
    assert rest.database.statements == before


def test_a_rate_limit_of_zero_turns_the_limiter_off(rest: Rest) -> None:
    parts = Wiring(
        Settings.from_environment({"DATABASE_URL": rest.url, "GROUNDWORK_RATE_LIMIT": "0"})
    )
    assert parts.limiter is None


def test_rate_limited_reads_at_full_speed_nearly_always_take_one_round_trip(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but one in twenty-five, with the default of 500 a second."""
    limiter = RateLimiter(PostgresTokenBuckets(rest.database), 500)
    monkeypatch.setattr(rest.parts, "limiter", limiter)
    rest("GET", "/api/v1/entities")
    before = rest.database.statements
    for _ in range(100):
        rest("GET", "/api/v1/entities")
    leases = rest.database.statements - before - 100
    assert 3 <= leases <= 12


def test_requests_are_accepted_while_the_buckets_cannot_be_reached(
    pair: list[Limited], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Postgres cannot be reached: the request itself says what is wrong, if anything is."""
    lost = Limited(pair[0], connected=False)
    lost.parts.authenticator.authenticate({"authorization": f"Bearer {lost.admin}"})
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    broken = Wiring(Settings.from_environment({"DATABASE_URL": url}))
    monkeypatch.setattr(
        lost.parts, "limiter", RateLimiter(PostgresTokenBuckets(broken.database), PER_SECOND)
    )
    assert {lost("GET", PATH).status for _ in range(3 * BURST)} == {404}
    lost.parts.database.close()


def test_buckets_unused_for_an_hour_are_removed(rest: Rest, pair: list[Limited]) -> None:
    pair[0]("GET", PATH)
    rest.database.rows("UPDATE rate_buckets SET filled_at = now() - interval '59 min' RETURNING 1")
    remove_expired(work=rest.parts.work(), clock=rest.parts.clock)
    assert rest.database.row("SELECT count(*) > 0 FROM rate_buckets") == (True,)
    rest.database.rows("UPDATE rate_buckets SET filled_at = now() - interval '61 min' RETURNING 1")
    remove_expired(work=rest.parts.work(), clock=rest.parts.clock)
    assert rest.database.row("SELECT count(*) FROM rate_buckets") == (0,)
