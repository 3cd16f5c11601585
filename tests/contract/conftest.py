"""Stores in memory and on Postgres; the graph as the fake and as Neo4j."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from groundwork_core.knowledge.graph.model import LinkFilter, Subgraph
from groundwork_core.knowledge.graph.ports import GraphProjection, GraphReader
from groundwork_core.knowledge.graph.two_store_reader import TwoStoreReader
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.graph import project
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.store import Neo4jStore

from ..fakes.graph import FakeGraph, FakeHubLists, FakeHubPaths
from ..fakes.outbox_rows import id_of
from .work import Stores, Work, stores

EVERYTHING = LinkFilter()


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Empty stores, and the calls beside the unit of work."""
    yield from stores(request)


@pytest.fixture
def work(both: Stores) -> Work:
    """The unit of work of empty stores."""
    return both.work


@dataclass(frozen=True)
class Graph:
    projection: GraphProjection
    reader: GraphReader
    truth: FakeGraph
    """A graph in memory that stands for Postgres."""

    def had(self, *rows: OutboxRow) -> None:
        project(rows, self.projection)
        project(rows, self.truth)

    def name(self, name: str) -> str | None:
        found = self.reader.entities([str(id_of(name))])
        return next((e.name for e in found.values()), None)

    def path(
        self, start: str, end: str, hops: int = 4, wanted: LinkFilter = EVERYTHING
    ) -> Subgraph | None:
        return self.reader.path(str(id_of(start)), str(id_of(end)), hops, wanted)

    def edges(self, name: str, wanted: LinkFilter = EVERYTHING) -> list[str]:
        id_ = str(id_of(name))
        pages = self.reader.links([id_], wanted, 100, None)
        return [link.relationship.id for link in pages[id_].links] if id_ in pages else []


@pytest.fixture(params=["fake", "neo4j"])
def graph(request: pytest.FixtureRequest) -> Iterator[Graph]:
    truth = FakeGraph()
    if request.param == "fake":
        fake = FakeGraph()
        yield Graph(fake, fake, truth)
        return
    real = request.getfixturevalue("neo4j")
    database = GraphDatabase(real.uri, real.user, real.password)
    reader = TwoStoreReader(Neo4jStore(database), FakeHubLists(), FakeHubPaths(), truth)
    yield Graph(Neo4jProjection(database), reader, truth)
    database.close()


def ids(*names: str) -> list[str]:
    return [str(id_of(name)) for name in names]
