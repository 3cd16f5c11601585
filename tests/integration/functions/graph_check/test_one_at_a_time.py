"""Of several runs at once, one compares."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_core.knowledge.graph.ports import Rounds
from groundwork_core.knowledge.graph.rounds import ComparedPart, Place
from groundwork_data.postgres import graph_rounds
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.graph_rounds import PostgresGraphRounds


class Counting:
    """A comparison that takes its time, and counts how many do it at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def go_on(self, place: Place | None, may_go_on: Callable[[], bool]) -> ComparedPart:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.3)
        with self._lock:
            self.now -= 1
        return ComparedPart({"a": 1}, Counter(), last=False)


def most_at_once(database_url: str) -> int:
    counting = Counting()

    def one() -> None:
        with closing(Database(database_url, application_name="test")) as database:
            rounds: Rounds = PostgresGraphRounds(database)
            check_drift(1, lasts_seconds=60, rounds=rounds, comparison=counting)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counting.most


def test_only_one_of_several_callers_compares(database_url: str) -> None:
    assert most_at_once(database_url) == 1


def test_without_the_claim_several_callers_compare_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = graph_rounds.CLAIM.replace("AND claimed_until < clock_timestamp()", "")
    monkeypatch.setattr(graph_rounds, "CLAIM", free)
    assert most_at_once(database_url) > 1
