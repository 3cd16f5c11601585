"""Bringing both databases to their newest schema, or back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """What was done."""

    postgres_before: str | None
    postgres_after: str | None
    graph_applied: tuple[str, ...]


def migrate(addresses: Mapping[str, str], migrations: Path, target: str = "head") -> Report:
    """Migrate Postgres to a revision, and the graph to its newest schema unless going back.

    Safe to run twice and by two at once: each side takes a lock. The graph's migrations only go
    forward, since the graph can be rebuilt from Postgres at any time.
    """
    from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - the driver is slow
    from groundwork_data.graph.migrations import migrate as migrate_graph  # noqa: PLC0415
    from groundwork_data.postgres.migrations import migrate as migrate_postgres  # noqa: PLC0415

    done = migrate_postgres(addresses["DATABASE_URL"], migrations / "postgres", target=target)
    applied: tuple[str, ...] = ()
    if target == "head":
        graph = GraphDatabase(
            addresses["NEO4J_URI"],
            addresses.get("NEO4J_USER", "neo4j"),
            addresses.get("NEO4J_PASSWORD", ""),
        )
        try:
            applied = migrate_graph(graph, migrations / "graph")
        finally:
            graph.close()
    return Report(done.before, done.after, applied)
