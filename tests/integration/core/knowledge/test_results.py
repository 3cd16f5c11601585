import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from groundwork_core.errors import Unavailable
from groundwork_core.knowledge import statements

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"


@pytest.fixture
def result(path: "Path") -> dict[str, Any]:
    """A good result for a leased job."""
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    path.fetch(path.due())
    path.extract(path.job_messages())
    return path.results.bodies[0]


def job_state(path: "Path") -> tuple[str, str | None, str | None]:
    sql = "SELECT status, error ->> 'class', error ->> 'message' FROM jobs"
    return path.rows(sql)[0]


BROKEN: dict[str, Any] = {
    "an unknown field": {"surprise": 1},
    "another contract": {"contract": "groundwork/extraction-result/3"},
    "an attempt that never was": {"attempt": 0},
    "entities that are no list": {"entities": {"a": 1}},
    "a dangling relationship": {
        "relationships": [{"from": "nobody", "to": "nothing", "type": "KNOWS"}]
    },
    "a dangling mention": {"mentions": [{"ref": "nobody"}]},
    "a type that is none": {
        "entities": [{"ref": "a", "type": "spaceship", "key": "k", "name": "n"}]
    },
    "an attribute that postgres cannot hold": {
        "entities": [
            {"ref": "a", "type": "topic", "key": "k", "name": "n", "attributes": {"x": "a\0b"}}
        ],
        "relationships": [],
        "mentions": [],
    },
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_bad_result_fails_its_job_once_and_is_not_delivered_again(
    path: "Path", result: dict[str, Any], name: str
) -> None:
    bad = {**result, **BROKEN[name]}
    for _ in range(2):
        assert path.hand_in([bad])["batchItemFailures"] == []
    status, failure, message = job_state(path)
    assert (status, failure) == ("failed", "bad_result")
    assert message
    assert path.counts()["entities"] == 0


def test_a_bad_result_does_not_keep_others_of_its_batch_back(
    path: "Path", result: dict[str, Any]
) -> None:
    other = "https://second.example/rss"
    path.add(other)
    path.web.serve(other, path.entry(5))
    path.fetch(path.due())
    path.extract(path.job_messages())
    good = path.results.bodies[-1]
    spoiled = {**result, **BROKEN["an attribute that postgres cannot hold"]}
    assert path.hand_in([spoiled, good])["batchItemFailures"] == []
    assert sorted(path.rows("SELECT status FROM jobs")) == [("failed",), ("succeeded",)]
    assert path.counts()["entities"] == 5


def test_a_malformed_message_fails_and_others_are_processed(
    path: "Path", result: dict[str, Any]
) -> None:
    answer = path.hand_in([{"no": "job"}, result])
    assert len(answer["batchItemFailures"]) == 1
    assert job_state(path)[0] == "succeeded"


def test_a_result_for_a_deleted_job_is_settled(path: "Path", result: dict[str, Any]) -> None:
    path.rows("DELETE FROM documents RETURNING 1")
    assert path.hand_in([result])["batchItemFailures"] == []
    assert path.counts()["entities"] == 0


def test_the_highest_confidence_of_a_source_counts_and_another_name_is_an_alias(
    path: "Path", result: dict[str, Any]
) -> None:
    path.hand_in([result])
    path.web.serve(FEED, path.entry(2))
    path.rows(
        "UPDATE source_states SET ticket = uuidv7(), claimed_until = now() - interval '1 s'"
        " RETURNING 1"
    )
    ticket, source = path.rows("SELECT ticket::text, source_id::text FROM source_states")[0]
    path.fetch([{"source_id": source, "ticket": ticket}])
    path.extract(path.job_messages())
    second: dict[str, Any] = copy.deepcopy(path.results.bodies[-1])
    topic = next(e for e in second["entities"] if e["type"] == "topic")
    topic |= {"name": "SCIENCE", "confidence": 0.95, "attributes": {"level": 2}}
    path.hand_in([second])
    found = path.rows(
        "SELECT name, aliases, confidence, attributes, version FROM entities WHERE type = 'topic'"
    )
    assert found == [("Science", ["SCIENCE"], 0.95, {"level": 2}, 3)]


def many_results(path: "Path", sources: int) -> list[dict[str, Any]]:
    """Results that all speak of the same topics."""
    urls = [f"https://s{n}.example/rss" for n in range(sources)]
    path.add(*urls)
    for n, url in enumerate(urls):
        path.web.serve(url, *(path.entry(e) for e in range(3)), title=f"Feed {n}")
    path.fetch(path.due())
    path.extract(path.job_messages())
    results: list[dict[str, Any]] = path.results.bodies
    for n, one in enumerate(results):
        extra = [
            {"ref": f"t{k}", "type": "topic", "key": f"common {k}", "name": f"Common {k}"}
            for k in range(30)
        ]
        one["entities"] += extra if n % 2 else extra[::-1]
    return results


def apply_at_once(path: "Path", results: list[dict[str, Any]]) -> list[int]:
    """Two workers, each with every second batch of five."""
    batches = [results[n : n + 5] for n in range(0, len(results), 5)]
    start = threading.Barrier(2)

    def worker(which: int) -> int:
        database = path.connect()
        try:
            start.wait()
            answers = [path.hand_in(batch, database) for batch in batches[which::2]]
            return sum(len(answer["batchItemFailures"]) for answer in answers)
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(worker, range(2)))


def test_two_workers_on_the_same_things_do_not_deadlock(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlocks: list[str] = []

    def note(_self: Unavailable, detail: str, **_: object) -> None:
        deadlocks.append(detail)

    monkeypatch.setattr(Unavailable, "__init__", note)
    results = many_results(path, 20)
    assert apply_at_once(path, results) == [0, 0]
    assert deadlocks == []
    assert path.value("SELECT count(*) FROM entities WHERE key LIKE 'common %%'") == 30
    assert path.rows("SELECT DISTINCT status FROM jobs") == [("succeeded",)]


def test_a_deadlock_is_tried_again(path: "Path", monkeypatch: pytest.MonkeyPatch) -> None:
    results = many_results(path, 1)
    really = statements.merge_entities
    times = iter([True, True, False])

    def busy(given: list[statements.Stated]) -> list[statements.EntityRow]:
        if next(times, False):
            raise Unavailable("The database is too busy.")
        return really(given)

    monkeypatch.setattr("groundwork_core.knowledge.apply_results.merge_entities", busy)
    assert path.hand_in(results)["batchItemFailures"] == []
    assert path.rows("SELECT DISTINCT status FROM jobs") == [("succeeded",)]
