"""Changes that drift is made of, and what a comparison finds."""

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database


def drift(database: Database, graph: GraphDatabase) -> set[tuple[str, str]]:
    return {(one.aggregate, one.kind) for one in verify(database, graph).drift}


SOME = ["a name changed", "an entity removed", "a relationship removed"]


def relationships(graph: GraphDatabase) -> int:
    return int(graph.run("MATCH (:Entity)-[r]->(:Entity) RETURN count(r) AS n")[0]["n"])
