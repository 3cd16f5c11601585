"""Adapters: the only place that knows SQL, Cypher, AWS and the web."""
