"""A connection on which Neo4j is silent is given up soon; a busy Neo4j is waited for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from groundwork_core.errors import TookTooLong
from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_data import unresponsive_server
from groundwork_data.graph import driver as driver_module
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.unresponsive_server import ResponseWatch

from ....fakes.tcp_proxy import TcpProxy, proxied

HEAVY = "UNWIND range(1, 2000000000) AS i WITH i WHERE i < 0 RETURN count(i)"
WITHIN_SECONDS = 15.0
"""Half of what the question itself may take."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, patient_driver: None) -> None:
    """Doubt a server earlier than in production, and wait for a connection as long as there."""
    monkeypatch.setattr(driver_module, "CONNECT_SECONDS", 1.5)
    monkeypatch.setattr(driver_module, "DOUBT_READS_SECONDS", 0.5)
    monkeypatch.setattr(driver_module, "GRACE_SECONDS", 1.0)


@pytest.fixture
def proxy(neo4j: Any) -> Iterator[TcpProxy]:
    with proxied(neo4j.uri) as (proxy, _):
        yield proxy


@pytest.fixture
def graph(neo4j: Any, proxy: TcpProxy) -> Iterator[GraphDatabase]:
    """A graph behind the proxy, with a connection that stands."""
    database = GraphDatabase(f"bolt://127.0.0.1:{proxy.port}", neo4j.user, neo4j.password)
    database.read("RETURN 1", {})
    yield database
    database.close()


class Call(threading.Thread):
    """A call in a thread of its own: how it ended and when."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.error: Exception | None = None
        self.seconds = 0.0
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        try:
            self._call()
        except Exception as error:
            self.error = error
        self.seconds = time.monotonic() - began

    def ends_within(self, seconds: float) -> bool:
        self.join(seconds)
        return not self.is_alive()


def asking_a_silent_graph(graph: GraphDatabase, proxy: TcpProxy, seconds: float) -> Call:
    """A query that was sent, and whose answer is held back."""
    call = Call(lambda: graph.read(HEAVY, {}, seconds=seconds))
    time.sleep(0.3)
    proxy.go_silent()
    return call


def test_a_call_to_a_graph_that_falls_silent_is_given_up(
    graph: GraphDatabase, proxy: TcpProxy
) -> None:
    call = asking_a_silent_graph(graph, proxy, 2 * WITHIN_SECONDS)
    assert call.ends_within(WITHIN_SECONDS)
    assert isinstance(call.error, GraphUnavailable)

    later = Call(lambda: graph.read("RETURN 1", {}))
    assert later.ends_within(WITHIN_SECONDS)
    assert isinstance(later.error, GraphUnavailable)

    proxy.speak()
    assert graph.read("RETURN 1 AS one", {})[0]["one"] == 1


def test_without_the_response_watch_a_call_to_a_silent_graph_hangs(
    graph: GraphDatabase, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResponseWatch, "broken", lambda *_, **__: nullcontext())
    call = asking_a_silent_graph(graph, proxy, 2)
    assert not call.ends_within(4)
    proxy.speak()
    assert call.ends_within(30)


def test_a_call_waits_for_a_graph_that_is_only_busy(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neo4j looks for expired statements every two seconds, later on a busy machine; a short grace
    # would cut the connection first.
    monkeypatch.setattr(driver_module, "GRACE_SECONDS", 60.0)
    monkeypatch.setattr(unresponsive_server, "GREETING_SECONDS", 20.0)
    call = Call(lambda: graph.read(HEAVY, {}, seconds=2.0))
    assert call.ends_within(60)
    assert isinstance(call.error, TookTooLong)
    assert call.seconds > driver_module.DOUBT_READS_SECONDS + 1


def test_a_call_on_a_dead_connection_to_a_live_graph_ends_after_the_query_timeout(
    graph: GraphDatabase, proxy: TcpProxy
) -> None:
    call = Call(lambda: graph.read(HEAVY, {}, seconds=0.3))
    time.sleep(0.3)
    proxy.silence_standing()
    assert call.ends_within(30)
    assert isinstance(call.error, GraphUnavailable)
    assert graph.read("RETURN 1 AS one", {})[0]["one"] == 1


def test_a_write_larger_than_the_buffers_to_a_silent_graph_is_given_up(
    graph: GraphDatabase, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "DOUBT_WRITES_SECONDS", 0.5)
    proxy.go_silent()
    rows = ["x" * 1000] * 30_000
    call = Call(lambda: graph.write(lambda tx: tx.run("RETURN size($rows)", {"rows": rows})))
    assert call.ends_within(30)
    assert isinstance(call.error, GraphUnavailable)
