"""Neo4j: reading, projecting, comparing, and what Postgres knows of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundwork_core.knowledge.graph.model import Shown
    from groundwork_core.knowledge.graph.ports import (
        Catalogue,
        Comparison,
        GraphProgress,
        GraphProjection,
        GraphReader,
        HubLists,
        HubPaths,
        Neighbourhoods,
        Rounds,
    )
    from groundwork_data.graph.driver import GraphDatabase


class GraphParts(BaseParts):
    """Neo4j: reading, projecting, comparing, and what Postgres knows of it."""

    @cached_property
    def graph(self) -> GraphDatabase:
        """The driver to Neo4j; safe between threads."""
        from groundwork_data.graph.driver import GraphDatabase

        settings = self.settings
        return GraphDatabase(
            settings.neo4j_uri,
            settings.neo4j_user,
            settings.neo4j_password,
            application_name=settings.function,
        )

    def warm_graph(self, seconds: float) -> None:
        """Have the graph plan the usual queries, for so long at most."""
        from groundwork_data.graph.warming import warm

        warm(self.graph, seconds)

    @cached_property
    def graph_projection(self) -> GraphProjection:
        """What keeps the graph equal to Postgres."""
        from groundwork_data.graph.projection import Neo4jProjection

        return Neo4jProjection(self.graph)

    @cached_property
    def graph_comparison(self) -> Comparison:
        """What compares the graph with Postgres."""
        from groundwork_data.graph.comparison import SliceComparison

        return SliceComparison(self.database, self.graph)

    @cached_property
    def graph_rounds(self) -> Rounds:
        """How far the comparison is, and what it found."""
        from groundwork_data.postgres.graph_rounds import PostgresGraphRounds

        return PostgresGraphRounds(self.database)

    def graph_reader(self, seconds_left: Callable[[], float], shown: Shown) -> GraphReader:
        """Make the reader for one request: its remaining time, and the fields it selects."""
        from groundwork_core.knowledge.graph.two_store_reader import TwoStoreReader
        from groundwork_data.graph.store import Neo4jStore

        store = Neo4jStore(self.graph, seconds_left, shown)
        return TwoStoreReader(store, *self._relationships, shown)

    @cached_property
    def _relationships(self) -> tuple[HubLists, HubPaths, Neighbourhoods]:
        """What reads relationships where the graph would read too many."""
        from groundwork_data.postgres.hub_lists import PostgresHubLists
        from groundwork_data.postgres.hub_paths import PostgresHubPaths
        from groundwork_data.postgres.neighbourhoods import PostgresNeighbourhoods

        database = self.database
        return (
            PostgresHubLists(database),
            PostgresHubPaths(database),
            PostgresNeighbourhoods(database),
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """What Postgres knows of the graph."""
        from groundwork_data.postgres.catalogue import PostgresCatalogue

        return PostgresCatalogue(self.database)

    @cached_property
    def catchup(self) -> GraphProgress:
        """What says how far the outbox's destinations are."""
        from groundwork_data.postgres.outbox import PostgresBacklogs

        return PostgresBacklogs(self.database)
