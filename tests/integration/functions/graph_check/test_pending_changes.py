"""Changes that the relay has yet to carry are not reported as drift."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from groundwork_data.graph import comparison
from groundwork_data.graph import drift as drifting
from groundwork_data.graph.check import Check

from ....waiting import eventually
from ..graph_api.conftest import Api
from .rounds import LONG, a_round, found, run


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


def test_pending_changes_are_not_reported_as_drift(api: Api, known: Mapping[str, str]) -> None:
    with busy(api):
        for _ in range(3):
            assert found(run(api.wiring, LONG)) == {}
    assert found(a_round(api.wiring, api)) == {}


def test_unless_the_check_waits_pending_changes_are_reported_as_drift(
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
