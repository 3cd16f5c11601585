"""The graph, and GraphQL on it."""

from ...functions.graph_api.conftest import api, graph, known

__all__ = ["api", "graph", "known"]
