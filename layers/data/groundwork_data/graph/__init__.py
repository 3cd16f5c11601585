"""The graph on Neo4j."""
