"""Verify finds drift; changes that are on their way are no drift."""

import threading
from collections.abc import Mapping

import pytest

from groundwork_data.graph import slices
from groundwork_data.graph import verify as module
from groundwork_data.graph.drift import Drift
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.verify import verify

from ...functions.graph_api.conftest import Api
from .changes_by_hand import CHANGES
from .verifying import SOME

pytestmark = pytest.mark.usefixtures("small_slices")


def test_verify_reports_no_drift_of_an_equal_graph(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    report = verify(api.database, graph)
    assert report.ok
    assert (report.entities, report.relationships) == (44, 44)


@pytest.mark.parametrize("name", SOME)
def test_without_the_comparison_of_slices_no_drift_is_found(
    api: Api,
    graph: GraphDatabase,
    known: Mapping[str, str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices.SlicePair, "suspects", lambda _seen: [])
    graph.run(CHANGES[name][0])
    assert verify(api.database, graph).ok


def test_a_fraction_of_a_second_before_1970_is_not_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    api.sql("UPDATE relationships SET valid_from = '1815-12-10 01:02:03.456789+00' RETURNING id")
    api.relay()
    assert verify(api.database, graph).ok


def test_undelivered_changes_are_late_and_not_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKS_MAX", 3)
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    report = verify(api.database, graph)
    assert (report.ok, report.waiting) == (True, 1)


def test_without_the_look_at_pending_rows_an_undelivered_change_is_reported_as_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "groundwork_data.graph.expected_rows.ExpectedRows.waiting", lambda *_: set()
    )
    api.sql("UPDATE entities SET name = 'Ada B' WHERE id = %s RETURNING id", known["Ada"])
    assert verify(api.database, graph).drift == [Drift("entities", known["Ada"], "stale")]


def test_changes_on_their_way_are_not_reported_as_drift(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    ended = threading.Event()
    writer = Api(api.wiring)

    def write() -> None:
        round_ = 0
        while not ended.is_set():
            round_ += 1
            writer.sql(
                "UPDATE entities SET confidence = random() WHERE type = 'person' RETURNING 1"
            )
            writer.sql("UPDATE relationships SET confidence = random() RETURNING 1")
            writer.relay()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            assert verify(api.database, graph).drift == []
    finally:
        ended.set()
        thread.join()
        writer.database.close()
    assert verify(api.database, graph).ok


def test_a_slice_without_drift_is_read_once(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module, "_check_again", refuse)
    assert verify(api.database, graph).ok
