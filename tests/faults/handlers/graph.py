"""The GraphQL function as it is."""

from groundwork_functions.graph_api.handler import handler

__all__ = ["handler"]
