"""A comparison and a rebuild go on where they were after a kill."""

import json
from collections.abc import Callable, Mapping

import pytest

from groundwork_data.graph.check import Check
from groundwork_data.graph.drift import Drift
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.rebuild import rebuild
from groundwork_data.graph.verify import verify

from ...functions.graph_api.conftest import Api
from .changes_by_hand import ADA

pytestmark = pytest.mark.usefixtures("small_slices")


class Killed(Exception):
    pass


def kept_until_killed(
    work: Callable[..., object], api: Api, graph: GraphDatabase, slices: int
) -> Check:
    """Run until so many slices are done, and return what was written down last."""
    kept: list[str] = []

    def remember(check: Check) -> None:
        kept.append(json.dumps(check.as_json()))
        if len(kept) == slices:
            raise Killed

    with pytest.raises(Killed):
        work(api.database, graph, remember=remember)
    return Check.from_json(json.loads(kept[-1]))


def test_a_killed_comparison_of_the_graph_is_resumed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run(ADA + "SET n.name = 'Eve'")
    check = kept_until_killed(verify, api, graph, slices=3)
    # What is behind it is not looked at again; what it suspected there is.
    graph.run("MATCH (n:Entity {name: 'Bell'}) SET n.name = 'Bull'")
    report = verify(api.database, graph, begun=check)
    assert report.drift == [Drift("entities", known["Ada"], "altered")]
    assert (report.entities, report.relationships) == (44, 44)


def test_a_killed_rebuild_of_the_graph_is_resumed(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    graph.run("MATCH (n:Entity|Tombstone|Awaited) DETACH DELETE n")
    check = kept_until_killed(rebuild, api, graph, slices=7)
    report = rebuild(api.database, graph, begun=check)
    assert (report.entities, report.relationships) == (44, 44)
    assert verify(api.database, graph).ok
