"""Adapters for the graph in Neo4j, the projection of Postgres."""
