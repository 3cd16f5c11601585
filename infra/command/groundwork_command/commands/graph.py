"""`groundwork graph`: is the graph what Postgres says? Found, healed, or built anew."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from groundwork_command.instance import running
from groundwork_command.instance.checkpoints import Checkpoint
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import FAILED, clear_failures, note, result
from groundwork_command.terminal.progress import Counting, counting, progress

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.rounds import Drift
    from groundwork_data.graph.drift import Report
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

Output = Literal["json", "text"]
Begin = Literal["go on", "anew"]
Work = Callable[["Database", "GraphDatabase", Counting, Checkpoint], "Report"]
Outcome = Callable[["Report"], "Drift"]
MOST_SHOWN = 20


def verify(output: Output, begin: Begin = "go on") -> None:
    """Compare everything; exit code 1 when the graph has drifted."""
    from groundwork_data.graph.comparison import drift_of
    from groundwork_data.graph.verify import verify as work  # loads both databases

    found = _run("verify", _resumable(work, begin), drift_of)
    _tell(found, output)
    if not found.ok:
        if output == "text":
            note("`groundwork graph repair` heals it.")
        sys.exit(FAILED)


def repair(output: Output) -> None:
    """Make the graph what Postgres says, deletions included."""
    from groundwork_data.graph.repair import repair as work  # loads both databases

    def run(
        database: "Database", graph: "GraphDatabase", told: Counting, _: Checkpoint
    ) -> "Report":
        return work(database, graph, told)

    _tell(_run("repair", run, _healed), output)


def rebuild(output: Output, begin: Begin = "go on") -> None:
    """Fill the graph from Postgres while readers and the relay go on."""
    from groundwork_data.graph.rebuild import rebuild as work  # loads both databases

    _tell(_run("rebuild", _resumable(work, begin), _healed), output)


def _healed(_found: "Report") -> "Drift":
    """Return what is left of it: nothing."""
    from groundwork_data.graph.comparison import no_drift  # loads both databases

    return no_drift()


def _resumable(work: "Callable[..., Report]", begin: Begin) -> "Work":
    """Go on where a killed run was, unless told to begin anew."""

    def run(
        database: "Database", graph: "GraphDatabase", told: Counting, kept: Checkpoint
    ) -> "Report":
        begun = kept.begun() if begin == "go on" else None
        return work(database, graph, told, begun=begun, remember=kept.keep)

    return run


def _run(name: str, work: "Work", outcome: "Outcome") -> "Report":
    """Do it; what is true then is what the metric tells from now on."""
    from groundwork_data.postgres.graph_rounds import (  # loads the data layer
        PostgresGraphRounds,
    )

    with clear_failures(), progress() as report:
        addresses = running.addresses()
        graph, database = connect(addresses)
        kept = Checkpoint(Home(running.home_folder()), name, _of(addresses))
        try:
            found = work(database, graph, counting(report), kept)
            kept.over()
            PostgresGraphRounds(database).compared(outcome(found))
            return found
        finally:
            graph.close()
            database.close()


def connect(addresses: Mapping[str, str]) -> "tuple[GraphDatabase, Database]":
    """Make clients of both databases."""
    from groundwork_data.graph.driver import GraphDatabase  # slow to load
    from groundwork_data.postgres.database import Database  # slow to load

    graph = GraphDatabase(
        addresses["NEO4J_URI"],
        addresses.get("NEO4J_USER", "neo4j"),
        addresses.get("NEO4J_PASSWORD", ""),
    )
    return graph, Database(addresses["DATABASE_URL"], application_name="groundwork graph")


def _of(addresses: Mapping[str, str]) -> str:
    """Name both databases, without passwords."""
    parts = [urlsplit(addresses[name]) for name in ("DATABASE_URL", "NEO4J_URI")]
    return " ".join(f"{part.hostname}:{part.port}{part.path}" for part in parts)


def _tell(found: "Report", output: Output) -> None:
    if output == "json":
        result(
            {
                "ok": found.ok,
                "entities": found.entities,
                "relationships": found.relationships,
                "counts": found.counts,
                "drift": [
                    {"aggregate": drift.aggregate, "id": str(drift.id), "kind": drift.kind}
                    for drift in found.drift
                ],
                "kinds": {kind: count for kind, count in found.by_kind().items() if count},
                "nameless": found.nameless,
                "restored": found.restored,
                "waiting": found.waiting,
                "seconds": round(found.seconds, 3),
            }
        )
        return
    note(f"{found.entities:,} entities and {found.relationships:,} relationships")
    note(f"{len(found.drift):,} drifted, {found.nameless:,} without a name")
    note(f"{found.waiting:,} late: their changes are still on the way")
    if found.restored:
        note("The graph has had changes that this database never made: it was restored.")
    for drift in found.drift[:MOST_SHOWN]:
        note(f"  {drift.kind}: {drift.aggregate} {drift.id}")
