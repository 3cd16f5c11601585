"""GraphQL on a graph."""

from ..graph_api.conftest import api, known

__all__ = ["api", "known"]
