"""A run that sees little time left, as on a host that drains, leaves most of its work out."""

from collections.abc import Mapping
from typing import Any

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.reading_cypher import STATEMENTS
from groundwork_functions.graph_check import handler as graph_check

from ..graph_api.conftest import Api
from .rounds import place


class Context:
    """Lambda's, with some seconds left."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds * 1000


def warmed(api: Api, monkeypatch: pytest.MonkeyPatch, seconds: int) -> int:
    """Return how many statements a run warmed that sees so many seconds left."""
    read: list[str] = []
    original = GraphDatabase.read

    def noted(graph: GraphDatabase, text: str, *rest: Any, **more: Any) -> Any:
        read.append(text)
        return original(graph, text, *rest, **more)

    patient = api.wiring.settings.model_copy(update={"graph_check_seconds": 60.0})
    monkeypatch.setattr(api.wiring, "settings", patient)  # on a slow machine two are too few
    monkeypatch.setattr(graph_check, "WARMING_SECONDS", 60.0)
    monkeypatch.setattr(graph_check, "wiring", lambda: api.wiring)
    monkeypatch.setattr(GraphDatabase, "read", noted)
    graph_check.handler({}, Context(seconds))
    return len(set(STATEMENTS) & set(read))


def test_a_draining_host_warms_nothing_and_compares_one_slice(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warmed(api, monkeypatch, 10) == 0
    assert place(api) is not None


def test_a_host_with_time_left_warms_and_compares_all(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warmed(api, monkeypatch, 100) == len(STATEMENTS)
    assert place(api) is None
