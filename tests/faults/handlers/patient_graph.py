"""The GraphQL function without a time limit for Neo4j."""

from contextlib import nullcontext

from groundwork_data.graph.driver import GraphDatabase
from groundwork_functions.graph_api.handler import handler

__all__ = ["handler"]

GraphDatabase._reading = lambda *_: nullcontext()  # type: ignore[method-assign]
