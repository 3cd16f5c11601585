"""An instance finds by itself, within minutes, that its graph was changed by hand."""

import os
import re
from collections.abc import Iterator

import httpx2
import neo4j
import pytest
from tests.child_instance import Instance

from ..instances import environment_of, run
from ..waiting import eventually

pytestmark = pytest.mark.long

A_MINUTE_OR_TWO = 150


def drift(instance: Instance) -> dict[str, float]:
    """Return the values of drift on /metrics that are not zero."""
    page = httpx2.get(f"{instance.url}/metrics").text
    samples = re.findall(r'^groundwork_graph_drift{kind="(\w+)"} (\S+)', page, re.MULTILINE)
    return {kind: float(count) for kind, count in samples if float(count)}


def compared(instance: Instance) -> bool:
    page = httpx2.get(f"{instance.url}/metrics").text
    return 'groundwork_graph_drift{kind="missing"}' in page


@pytest.fixture
def graph(instance: Instance) -> Iterator[neo4j.Driver]:
    addresses = instance.addresses
    auth = (addresses["NEO4J_USER"], addresses["NEO4J_PASSWORD"])
    with neo4j.GraphDatabase.driver(addresses["NEO4J_URI"], auth=auth) as driver:
        yield driver


def test_changes_made_by_hand_are_shown_until_repaired(
    instance: Instance, graph: neo4j.Driver
) -> None:
    with instance.client() as client:
        for name in ("Ada", "Bell"):
            made = client.post("/api/v1/entities", json={"name": name, "type": "person"})
            assert made.status_code == 201, made.text

    def arrived() -> bool:
        return bool(graph.execute_query("MATCH (n:Entity {name: 'Bell'}) RETURN n").records)

    assert eventually(arrived)
    assert eventually(lambda: compared(instance), A_MINUTE_OR_TWO)
    assert drift(instance) == {}
    graph.execute_query("MATCH (n:Entity {name: 'Ada'}) DETACH DELETE n")
    assert eventually(lambda: drift(instance) == {"missing": 1}, A_MINUTE_OR_TWO)
    run("graph", "repair", environment={**os.environ, **environment_of(instance)})
    assert eventually(lambda: drift(instance) == {}, A_MINUTE_OR_TWO)
