"""The continuous comparison: rounds of slices, and what is known of drift."""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from groundwork_core.knowledge.graph.rounds import ComparedPart, Verdict
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_data.graph.check import Check
from groundwork_data.graph.repair import repair
from groundwork_runtime.wiring import Wiring

from ..graph_api.conftest import Api
from .rounds import ADA, LONG, a_round, found, place, run


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


def test_the_last_run_finds_drift_outside_of_slices(api: Api, known: Mapping[str, str]) -> None:
    api.wiring.graph.run("CREATE (:Stray)")
    assert found(run(api.wiring)) == {}
    assert found(a_round(api.wiring, api)) == {"nameless": 1}


def test_the_drift_found_by_a_full_comparison_replaces_what_was_known(
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
    began = time.monotonic()
    run(api.wiring)
    time.sleep(0.2)
    assert api.wiring.graph_rounds.verdict().age_seconds >= 0.2
    ended = a_round(api.wiring, api)
    assert ended.round_seconds >= 0.2
    assert ended.age_seconds <= time.monotonic() - began - 0.2
    time.sleep(0.1)
    assert run(api.wiring).age_seconds > ended.age_seconds


def test_a_run_with_time_compares_all(api: Api, known: Mapping[str, str]) -> None:
    assert run(api.wiring, LONG).round_seconds > 0
    assert place(api) is None


def test_an_unreachable_graph_leaves_the_round_unchanged(
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


def test_a_round_that_another_version_stored_begins_again(
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
