"""Handler of the graph_api function: GraphQL and the GraphiQL page."""

from __future__ import annotations

from groundwork_functions.graph_api.graphql_problems import GraphqlApplication
from groundwork_functions.graph_api.routes import router

handler = GraphqlApplication(router)
