"""A step over 100,000 nodes of an old graph, with a new label and type; killed, and run again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.migrations import migrate

from ..integration.functions.graph_api.conftest import graph
from ..waiting import eventually

__all__ = ["graph"]
pytestmark = pytest.mark.long

NEW_KINDS = """
CREATE INDEX sample_grade IF NOT EXISTS FOR (n:Graded) ON (n.grade);
CREATE INDEX liked_since IF NOT EXISTS FOR ()-[r:LIKED]-() ON (r.since);
MATCH (n:Sample) WHERE n.grade IS NULL
CALL (n) { UNWIND range(1, 100) AS x WITH n, max(x) AS most SET n:Graded, n.grade = most }
IN TRANSACTIONS OF 5000 ROWS;
"""
MIGRATOR = """
import sys
from pathlib import Path
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.migrations import migrate
migrate(GraphDatabase(*sys.argv[1:4]), Path(sys.argv[4]))
"""
HUNDRED_THOUSAND = 100_000
INDEXES = ("sample_grade", "liked_since")


@pytest.fixture
def folder(tmp_path: Path, graph: GraphDatabase) -> Iterator[Path]:
    """A folder for a migration whose number no real one has."""
    yield tmp_path
    graph.run("MATCH (m:Migration) WHERE m.number >= 9000 DELETE m")
    graph.run("MATCH (n:Sample) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    for name in INDEXES:
        graph.run(f"DROP INDEX {name} IF EXISTS")


def graded(graph: GraphDatabase) -> int:
    return int(graph.run("MATCH (n:Graded) RETURN count(n) AS n")[0]["n"])


def killed_while_it_migrates(neo4j: Any, graph: GraphDatabase, folder: Path, step: str) -> int:
    """Begin a step over 100,000 nodes, kill it in the middle; return how many it had done."""
    graph.run(
        "UNWIND range(1, $n) AS i"
        " CALL (i) { CREATE (n:Sample {i: i})-[:LIKED {since: i}]->(n) }"
        " IN TRANSACTIONS OF 20000 ROWS",
        {"n": HUNDRED_THOUSAND},
    )
    (folder / "9001_grades.cypher").write_text(step)
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATOR, neo4j.uri, neo4j.user, neo4j.password, str(folder)]
    )
    running = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS 'SET n:Graded'"
    running += " AND NOT currentQuery STARTS WITH 'SHOW' RETURN 1 AS one"
    assert eventually(lambda: graph.run(running))
    if "IN TRANSACTIONS" in step:
        assert eventually(lambda: graded(graph))
    process.kill()
    process.wait()
    assert eventually(lambda: not graph.run(running))
    return graded(graph)


def test_a_killed_migration_is_continued(neo4j: Any, graph: GraphDatabase, folder: Path) -> None:
    done = killed_while_it_migrates(neo4j, graph, folder, NEW_KINDS)
    assert 0 < done < HUNDRED_THOUSAND
    assert migrate(graph, folder).applied == ("9001_grades",)
    assert graded(graph) == HUNDRED_THOUSAND
    rows = graph.run("SHOW INDEXES YIELD name, state WHERE state = 'ONLINE' RETURN name")
    assert set(INDEXES) < {row["name"] for row in rows}


def test_a_migration_in_one_transaction_loses_all_its_work_to_a_kill(
    neo4j: Any, graph: GraphDatabase, folder: Path
) -> None:
    """With the guard disabled: one transaction, and all of its work is lost."""
    whole = NEW_KINDS.replace("IN TRANSACTIONS OF 5000 ROWS", "FINISH")
    assert killed_while_it_migrates(neo4j, graph, folder, whole) == 0
