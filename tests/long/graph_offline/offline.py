"""A graph made offline from Postgres, and Neo4j that serves it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from groundwork_command.instance import project
from groundwork_command.instance.new_store import make_store
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_data.graph.drift import Report
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.verify import no_progress, verify
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

WORLD = """
INSERT INTO entities (name, type, key, aliases) SELECT
    CASE i %% 7 WHEN 0 THEN E'two\\nlines ' WHEN 1 THEN '"; \\ ' ELSE '' END || 'Name ' || i,
    (ARRAY['person', 'topic', 'website', 'other'])[1 + i %% 4], 'key:' || i,
    CASE i %% 3 WHEN 0 THEN ARRAY['', 'x;y', E'\\x1f'] WHEN 1 THEN ARRAY['Ä', NULL, '"']
        ELSE '{}' END
FROM generate_series(1, %(entities)s) i
"""
LINKS = """
INSERT INTO relationships (from_id, to_id, type, confidence, valid_from, valid_to)
SELECT a.id, b.id, (ARRAY['KNOWS', 'COVERS', 'OWNS'])[1 + (a.n + b.n) %% 3], random(),
    CASE WHEN a.n %% 2 = 0 THEN timestamptz '1815-12-10 01:02:03.456789+00' END,
    CASE a.n %% 3 WHEN 0 THEN 'infinity' WHEN 1 THEN timestamptz '2031-01-01' END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM entities) a
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM entities) b ON b.n - a.n IN (1, 5, 11)
"""


@contextmanager
def served(home: Home) -> Iterator[GraphDatabase]:
    neo4j = Neo4j(home, "no archive")
    at = neo4j.start(lambda _line: None)
    try:
        with closing(GraphDatabase(at["NEO4J_URI"], "neo4j", at["NEO4J_PASSWORD"])) as graph:
            yield graph
    finally:
        neo4j.stop()


def make(home: Home, url: str, progress: Callable[[str, int, int], None] = no_progress) -> None:
    make_store(home, url, project.migrations(), Memory(), progress)


def relay(database: Database, graph: GraphDatabase, limit: int) -> None:
    destination = GraphDestination(Neo4jProjection(graph))
    while PostgresBacklogs(database).of("graph").waiting:
        if not carry(destination, PostgresUnitOfWork(database), limit=limit).rows:
            time.sleep(0.05)  # a transaction elsewhere still holds the horizon back


def checked(home: Home, database: Database) -> Report:
    """Serve the new store, bring what waits row by row as far as it matters, and compare."""
    with served(home) as graph:
        relay(database, graph, limit=25)
        return verify(database, graph)


def store(folder: Path) -> dict[str, tuple[int, int]]:
    """The old store's files, with size and time of change."""
    root = folder / "neo4j" / "data" / "databases"
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
    }
