"""The continuous comparison: reports drift, goes on after a kill, and runs once at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest

from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_core.knowledge.graph.ports import Rounds
from groundwork_core.knowledge.graph.rounds import ComparedPart, Drift, Place, Verdict
from groundwork_data.graph import comparison, slices
from groundwork_data.graph import drift as drifting
from groundwork_data.graph import verify as verifying
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check
from groundwork_data.graph.repair import repair
from groundwork_data.postgres import graph_rounds
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.graph_rounds import PostgresGraphRounds
from groundwork_runtime.wiring import Wiring

from ....waiting import eventually
from ..graph_api.conftest import Api

ADA = "MATCH (n:Entity {name: 'Ada'}) "
SHORT, LONG = 0.0, 60.0


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 10)
    monkeypatch.setattr(verifying, "PAUSE_SECONDS", 0.05)


def run(wiring: Wiring, seconds: float = SHORT, lasts_seconds: float = 60.0) -> Verdict:
    """One run: of one slice, if it is short."""
    return check_drift(
        seconds,
        lasts_seconds=lasts_seconds,
        rounds=wiring.graph_rounds,
        comparison=wiring.graph_comparison,
    )


def place(api: Api) -> dict[str, Any] | None:
    ((found,),) = api.sql("SELECT place FROM graph_check")
    kept: dict[str, Any] | None = found
    return kept


def a_round(wiring: Wiring, api: Api) -> Verdict:
    """Short runs until a round ends."""
    for _ in range(50):
        verdict = run(wiring)
        if place(api) is None:
            return verdict
    pytest.fail("the round never ended")


def found(verdict: Verdict) -> Drift:
    return {kind: count for kind, count in verdict.drift.items() if count}


def behind_the_outbox(api: Api, statement: str) -> None:
    """Change Postgres without an outbox row."""
    api.sql("SET session_replication_role = replica")
    api.sql(statement)
    api.sql("SET session_replication_role = origin")


def test_drift_of_either_store_is_known_after_a_round_and_forgotten_once_healed(
    api: Api, known: Mapping[str, str]
) -> None:
    assert found(a_round(api.wiring, api)) == {}
    api.wiring.graph.run(ADA + "SET n.name = 'Eve'")
    behind_the_outbox(api, "DELETE FROM relationships WHERE type = 'COVERS'")
    assert found(a_round(api.wiring, api)) == {"altered": 1, "extra": 1}
    repair(api.database, api.wiring.graph)
    assert found(a_round(api.wiring, api)) == {}


def test_drift_is_known_in_the_middle_of_a_round_and_until_the_next_has_ended(
    api: Api, known: Mapping[str, str]
) -> None:
    api.wiring.graph.run("MATCH (n:Entity) SET n.confidence = 0.123")
    assert found(run(api.wiring)) == {"altered": 10}
    assert found(a_round(api.wiring, api)) == {"altered": 44}
    repair(api.database, api.wiring.graph)
    assert found(run(api.wiring)) == {"altered": 44}
    assert found(a_round(api.wiring, api)) == {}


def test_what_no_slice_shows_is_found_by_the_last_run(api: Api, known: Mapping[str, str]) -> None:
    api.wiring.graph.run("CREATE (:Stray)")
    assert found(run(api.wiring)) == {}
    assert found(a_round(api.wiring, api)) == {"nameless": 1}


def test_a_command_that_compared_everything_is_what_is_known_from_then_on(
    api: Api, known: Mapping[str, str]
) -> None:
    api.wiring.graph.run(ADA + "SET n.name = 'Eve'")
    a_round(api.wiring, api)
    run(api.wiring)
    api.wiring.graph_rounds.compared({"altered": 0})
    assert found(api.wiring.graph_rounds.verdict()) == {}
    assert place(api) is None


def test_a_run_that_began_before_a_command_ended_changes_nothing(
    api: Api, known: Mapping[str, str]
) -> None:
    claim = api.wiring.graph_rounds.claim(60)
    assert claim is not None
    api.wiring.graph_rounds.compared({"altered": 0})
    api.wiring.graph_rounds.keep(claim, ComparedPart({}, {"altered": 7}, last=True))
    assert found(api.wiring.graph_rounds.verdict()) == {}


def test_the_age_counts_from_the_last_whole_round(api: Api, known: Mapping[str, str]) -> None:
    assert api.wiring.graph_rounds.verdict() == Verdict({}, 0.0, 0.0)
    run(api.wiring)
    time.sleep(0.2)
    assert api.wiring.graph_rounds.verdict().age_seconds >= 0.2
    ended = a_round(api.wiring, api)
    assert ended.round_seconds >= 0.2
    assert ended.age_seconds < ended.round_seconds
    assert run(api.wiring).age_seconds > ended.age_seconds


def test_a_run_with_time_compares_all(api: Api, known: Mapping[str, str]) -> None:
    assert run(api.wiring, LONG).round_seconds > 0
    assert place(api) is None


def test_a_graph_that_is_away_leaves_the_round_where_it_is(
    api: Api, known: Mapping[str, str]
) -> None:
    run(api.wiring)
    before = place(api)
    settings = api.wiring.settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:9"})
    away = Wiring(settings)
    with closing(away.database), closing(away.graph):
        run(away)
    assert place(api) == before
    assert found(a_round(api.wiring, api)) == {}


DYING = """
import os, sys, time
from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_data.graph import slices
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_runtime.wiring import wiring
slices.SLICE = 10
between = ActualRows.between
def slowly(actual, stage, after, upto):
    print("reading", flush=True)
    time.sleep(60)
ActualRows.between = slowly
parts = wiring()
check_drift(60, lasts_seconds=float(sys.argv[1]), rounds=parts.graph_rounds,
               comparison=parts.graph_comparison)
"""


@contextmanager
def killed_in_the_middle(api: Api, lasts_seconds: float) -> Iterator[None]:
    """A process that has the round, and is killed while it reads a slice."""
    settings = api.wiring.settings
    variables = {
        "DATABASE_URL": settings.database_url,
        "NEO4J_URI": settings.neo4j_uri,
        "NEO4J_USER": settings.neo4j_user,
        "NEO4J_PASSWORD": settings.neo4j_password,
    }
    with subprocess.Popen(
        [sys.executable, "-c", DYING, str(lasts_seconds)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        yield
        process.send_signal(signal.SIGKILL)


def test_a_round_goes_on_where_it_was_after_a_kill(api: Api, known: Mapping[str, str]) -> None:
    api.wiring.graph.run(ADA + "SET n.name = 'Eve'")
    assert found(run(api.wiring)) == {"altered": 1}
    before = place(api)
    with killed_in_the_middle(api, lasts_seconds=4):
        run(api.wiring)
        assert place(api) == before  # the round is that process'

    def goes_on() -> bool:
        run(api.wiring)
        return place(api) != before

    assert eventually(goes_on)
    assert Check.from_json(place(api) or {}).report.entities == 20
    # What is behind it is not compared again; what was found there is not forgotten.
    api.wiring.graph.run("MATCH (n:Entity {name: 'Bell'}) SET n.name = 'Bull'")
    assert found(a_round(api.wiring, api)) == {"altered": 1}


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


def test_of_several_at_once_one_compares(database_url: str) -> None:
    assert most_at_once(database_url) == 1


def test_without_the_claim_several_would(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = graph_rounds.CLAIM.replace("AND claimed_until < clock_timestamp()", "")
    monkeypatch.setattr(graph_rounds, "CLAIM", free)
    assert most_at_once(database_url) > 1


@contextmanager
def busy(api: Api) -> Iterator[None]:
    """Somebody writes all the time, and the relay carries it."""
    ended = threading.Event()
    writer = Api(api.wiring)

    def write() -> None:
        while not ended.is_set():
            writer.sql(
                "UPDATE entities SET confidence = random() WHERE type = 'person' RETURNING 1"
            )
            writer.sql("UPDATE relationships SET confidence = random() RETURNING 1")
            writer.relay()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        writer.database.close()


def test_changes_on_their_way_are_not_reported_as_drift(api: Api, known: Mapping[str, str]) -> None:
    with busy(api):
        for _ in range(3):
            assert found(run(api.wiring, LONG)) == {}
    assert found(a_round(api.wiring, api)) == {}


def test_without_waiting_changes_on_their_way_would_look_like_drift(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(check: Check, *_: object) -> None:
        for aggregate, ids in check.suspects.items():
            check.report.drift += [drifting.Drift(aggregate, id_, "altered") for id_ in ids]
            ids.clear()

    monkeypatch.setattr(comparison, "settle", hasty)
    monkeypatch.setattr(comparison, "finish", hasty)
    with busy(api):
        assert eventually(lambda: found(run(api.wiring, LONG)) != {}, within_seconds=30)


def test_a_round_written_down_by_another_version_begins_anew(
    api: Api, known: Mapping[str, str]
) -> None:
    api.sql('UPDATE graph_check SET place = \'{"from": "elsewhere"}\'')
    run(api.wiring)
    assert Check.from_json(place(api) or {}).report.entities == 10


def test_a_short_run_reads_few_slices(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    between = ActualRows.between

    def counted(actual: ActualRows, *given: Any) -> Any:
        reads.append(given)
        return between(actual, *given)

    monkeypatch.setattr(ActualRows, "between", counted)
    run(api.wiring)
    assert len(reads) == 1
