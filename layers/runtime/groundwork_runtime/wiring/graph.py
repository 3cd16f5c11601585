"""The graph: Neo4j, its projection and comparison, and what Postgres stores about it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundwork_core.knowledge.graph.model import SelectedFields
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
    """The graph: Neo4j, its projection and comparison, and what Postgres stores about it."""

    @cached_property
    def graph(self) -> GraphDatabase:
        """The Neo4j driver; threads may share it."""
        from groundwork_data.graph.driver import GraphDatabase

        settings = self.settings
        return GraphDatabase(
            settings.neo4j_uri,
            settings.neo4j_user,
            self.credentials(settings.neo4j_secret_id)
            if settings.neo4j_secret_id
            else settings.neo4j_password,
            application_name=settings.function,
        )

    def warm_graph(self, seconds: float, may_go_on: Callable[[], bool]) -> None:
        """Make Neo4j plan the usual queries, for at most `seconds` and while it may go on."""
        from groundwork_data.graph.warming import warm

        warm(self.graph, seconds, may_go_on)

    @cached_property
    def graph_projection(self) -> GraphProjection:
        """Writes changes from the outbox to the graph."""
        from groundwork_data.graph.projection import Neo4jProjection

        return Neo4jProjection(self.graph)

    @cached_property
    def graph_comparison(self) -> Comparison:
        """Compares the graph with Postgres."""
        from groundwork_data.graph.comparison import SliceComparison

        return SliceComparison(self.database, self.graph)

    @cached_property
    def graph_rounds(self) -> Rounds:
        """Stores the progress and the findings of the comparison."""
        from groundwork_data.postgres.graph_rounds import PostgresGraphRounds

        return PostgresGraphRounds(self.database)

    def graph_reader(
        self, seconds_left: Callable[[], float], selected: SelectedFields
    ) -> GraphReader:
        """Return a reader for one request, with its remaining time and its selected fields."""
        from groundwork_core.knowledge.graph.two_store_reader import TwoStoreReader
        from groundwork_data.graph.store import Neo4jStore

        store = Neo4jStore(self.graph, seconds_left, selected)
        return TwoStoreReader(store, *self._relationships, selected)

    @cached_property
    def _relationships(self) -> tuple[HubLists, HubPaths, Neighbourhoods]:
        """Readers from Postgres for entities with too many relationships to read from the graph."""
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
        """Reads from Postgres what the graph does not store."""
        from groundwork_data.postgres.catalogue import PostgresCatalogue

        return PostgresCatalogue(self.database)

    @cached_property
    def catchup(self) -> GraphProgress:
        """Reports the positions of the outbox's destinations."""
        from groundwork_data.postgres.outbox import PostgresBacklogs

        return PostgresBacklogs(self.database)
