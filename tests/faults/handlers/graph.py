"""The GraphQL function as it is."""

from groundwork_graph_api.handler import handler

__all__ = ["handler"]
