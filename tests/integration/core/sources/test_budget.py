"""A source that takes long to read does not hold up the others."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from groundwork_core.sources import reading_budget
from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched, FetchRequest
from groundwork_core.sources.fetch_plans import FetchPlans
from groundwork_core.sources.fetch_sources import FetchSources
from groundwork_core.sources.model import FetchDue
from groundwork_core.sources.ports import ParsedFeed
from groundwork_core.sources.reading_budget import BATCH_SECONDS, FIRST_SECONDS
from groundwork_core.sources.request_fetch import request_fetch
from groundwork_data.cron import next_cron
from groundwork_data.web.feeds import read_feed
from groundwork_data.web.hosts import host_of
from groundwork_data.web.kinds.readers import reader_of
from groundwork_runtime.queues import by_body

if TYPE_CHECKING:
    from pydantic import JsonValue
    from tests.integration.core.sources.conftest import Path

    from groundwork_runtime.queues import BatchResponse

HOUR = 3_600


class Jitterless:
    def uniform(self, a: float, _b: float) -> float:
        return a


class Slow:
    """Reads feeds, and moves the clock by what each takes; gives up at its limit."""

    def __init__(self, path: "Path") -> None:
        self.path = path
        self.seconds: dict[str, float] = {}
        self.limits: list[float | None] = []
        self.read: list[str] = []
        self.most = 12.0

    def __call__(
        self, fetched: Fetched, now: datetime, seconds: float | None = None
    ) -> ParsedFeed | Failed:
        self.read.append(fetched.url)
        self.limits.append(seconds)
        takes, limit = self.seconds.get(fetched.url, 0.0), seconds or self.most
        self.path.clock.forward(seconds=min(takes, limit))
        if takes > limit:
            return Failed(Failure.TOO_COMPLEX, "too much")
        return read_feed(fetched, now)

    def fetch(self, messages: "Sequence[dict[str, JsonValue]]") -> "BatchResponse":
        use_case = FetchSources(
            fetch=self.path.web,
            read=self,
            work=self.path.work,
            clock=self.path.clock,
            random=Jitterless(),
            next_cron=next_cron,
            plans=partial(FetchPlans, encryption=self.path.encryption, reader_of=reader_of),
            host_of=host_of,
        )
        return self.path.batch(messages, FetchDue, by_body(use_case))


@pytest.fixture
def slow(path: "Path") -> Slow:
    return Slow(path)


def add(slow: Slow, name: str, seconds: float) -> str:
    url = f"https://{name}.example/rss"
    slow.path.add(url)
    # What takes longer is larger.
    slow.path.web.serve(url, slow.path.entry(1), title="x" * int(seconds))
    slow.seconds[url] = seconds
    return url


def state(slow: Slow, url: str, column: str) -> object:
    sql = f"SELECT t.{column} FROM source_states t JOIN sources s ON s.id = source_id"
    return slow.path.value(f"{sql} WHERE url = %s", url)


def test_sources_a_batch_has_no_time_for_are_queued_again(slow: Slow) -> None:
    urls = [add(slow, f"s{n}", FIRST_SECONDS - 0.5) for n in range(10)]
    due = slow.path.due()
    assert slow.fetch(due) == {"batchItemFailures": []}
    read = len(slow.read)
    assert (read - 1) * (FIRST_SECONDS - 0.5) < BATCH_SECONDS <= read * (FIRST_SECONDS - 0.5)
    again = slow.path.due()[len(due) :]
    assert len(again) == len(urls) - read
    assert {one["ticket"] for one in again} < {one["ticket"] for one in due}
    slow.fetch(again)
    assert set(slow.read) == set(urls)
    assert len(slow.read) == len(urls)


def test_without_the_time_budget_a_batch_reads_all_its_slow_sources(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_budget, "BATCH_SECONDS", 1e9)
    for n in range(10):
        add(slow, f"s{n}", FIRST_SECONDS - 0.5)
    slow.fetch(slow.path.due())
    assert len(slow.read) == 10


def test_a_failed_download_is_recorded_although_the_time_is_over(slow: Slow) -> None:
    for n in range(9):
        add(slow, f"s{n}", FIRST_SECONDS - 0.5)
    slow.path.add("https://gone.example/rss")
    slow.fetch(slow.path.due())
    assert state(slow, "https://gone.example/rss", "error_class") == "dns"


def test_a_source_over_its_first_budget_gets_a_second_one_at_the_end_of_a_batch(
    slow: Slow,
) -> None:
    big = add(slow, "big", FIRST_SECONDS + 4)
    slow.fetch(slow.path.due())
    assert slow.limits == [FIRST_SECONDS]
    assert (state(slow, big, "polls"), state(slow, big, "over_budget")) == (0, True)
    small = add(slow, "small", 0.1)
    slow.fetch(slow.path.due()[-2:])
    assert slow.read == [big, small, big]
    assert slow.limits[-1] is None
    assert (state(slow, big, "status"), state(slow, big, "over_budget")) == ("ok", True)


def test_a_batch_fetches_at_most_one_heavy_source(slow: Slow) -> None:
    heavy = [add(slow, f"big{n}", FIRST_SECONDS + 1) for n in range(3)]
    slow.fetch(slow.path.due())
    slow.path.web.asked.clear()
    before = len(slow.path.due())
    slow.fetch(slow.path.due()[-3:])
    assert len(slow.path.web.asked) == 1
    assert len(slow.path.due()) == before + 2
    for _ in range(2):
        slow.fetch(slow.path.due()[-2:])
    assert [state(slow, url, "status") for url in heavy] == ["ok", "ok", "ok"]


def test_a_source_over_both_budgets_is_too_complex_and_waits_longer_each_time(slow: Slow) -> None:
    url = add(slow, "hostile", 1_000)
    slow.fetch(slow.path.due())
    waits = []
    for _ in range(9):
        slow.fetch(slow.path.due()[-1:])
        assert state(slow, url, "error_class") == "too_complex"
        wait = slow.path.value("SELECT next_poll_at - last_poll_at FROM source_states")
        waits.append(wait.total_seconds() / HOUR)
        (source,) = (row[0] for row in slow.path.rows("SELECT id FROM sources"))
        request_fetch(source, work=slow.path.work(), clock=slow.path.clock)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 72, 72]
    assert slow.limits == [FIRST_SECONDS, *[None] * 9]


def test_a_source_that_has_become_light_is_no_longer_heavy(slow: Slow) -> None:
    url = add(slow, "big", FIRST_SECONDS + 1)
    slow.fetch(slow.path.due())
    slow.seconds[url] = 0.5
    slow.fetch(slow.path.due()[-1:])
    assert state(slow, url, "over_budget") is False


def test_all_light_sources_are_read_before_a_heavy_one_gets_its_second_budget(
    slow: Slow,
) -> None:
    """24 hostile and 6 good feeds, ten a batch, as a queue brings them."""
    hostile = [add(slow, f"hostile{n}", 1_000) for n in range(24)]
    good = [add(slow, f"good{n}", 0.1) for n in range(6)]
    queue = slow.path.due()
    waited: dict[str, float] = {}
    began = slow.path.clock.now()
    while queue:
        batch, known = queue[:10], len(slow.path.due())
        slow.fetch(batch)
        queue = queue[10:] + slow.path.due()[known:]
        for url in good:
            if url not in waited and state(slow, url, "status") == "ok":
                waited[url] = (slow.path.clock.now() - began).total_seconds()
    assert len(waited) == 6
    assert max(waited.values()) <= 3 * (BATCH_SECONDS + FIRST_SECONDS)
    assert {state(slow, url, "error_class") for url in hostile} == {"too_complex"}


def test_each_message_of_a_batch_is_settled_once_in_any_order(slow: Slow) -> None:
    urls = [add(slow, f"s{n}", 0.0) for n in range(3)]

    def backwards(asks: Sequence[FetchRequest]) -> Iterator[tuple[int, Download]]:
        for place in (2, 0, 1):
            yield place, Failed(Failure.DNS, asks[place].url)

    messages = [FetchDue.model_validate_json(json.dumps(one)) for one in slow.path.due()]
    use_case = FetchSources(
        fetch=backwards,
        read=slow,
        work=slow.path.work,
        clock=slow.path.clock,
        random=Jitterless(),
        next_cron=next_cron,
        plans=partial(FetchPlans, encryption=slow.path.encryption, reader_of=reader_of),
        host_of=host_of,
    )
    answered = list(use_case([*messages, messages[0]]))
    assert [error for _, error in answered] == [None] * 4
    assert {id(one) for one, _ in answered[1:]} == {id(one) for one in messages}
    assert [state(slow, url, "error_message") for url in urls] == urls
