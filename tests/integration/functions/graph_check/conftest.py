"""GraphQL on a graph, which the comparison reads in small slices."""

import pytest

from groundwork_data.graph import slices, verify

from ..graph_api.conftest import api, known, patient_driver

__all__ = ["api", "known", "patient_driver"]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows in a slice, and a short pause before a second look."""
    monkeypatch.setattr(slices, "SLICE", 10)
    monkeypatch.setattr(verify, "PAUSE_SECONDS", 0.05)
