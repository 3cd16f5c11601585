"""The graph, and GraphQL on it."""

import pytest

from groundwork_data.graph import rebuild, repair, slices, verify

from ...functions.graph_api.conftest import api, graph, known, patient_driver

__all__ = ["api", "graph", "known", "patient_driver"]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows in a slice and in a batch, and a short pause before a second look."""
    monkeypatch.setattr(slices, "SLICE", 10)
    monkeypatch.setattr(rebuild, "SLICE", 10)
    monkeypatch.setattr(verify, "AT_ONCE", 7)
    monkeypatch.setattr(verify, "TOMBSTONES_AT_ONCE", 3)
    monkeypatch.setattr(repair, "BATCH", 3)
    monkeypatch.setattr(verify, "PAUSE_SECONDS", 0.05)
