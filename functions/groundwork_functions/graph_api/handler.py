"""The graph's entry: GraphQL, and the page to try it on."""

from __future__ import annotations

from groundwork_functions.graph_api.graphql_problems import GraphqlApplication
from groundwork_functions.graph_api.routes import router

handler = GraphqlApplication(router)
