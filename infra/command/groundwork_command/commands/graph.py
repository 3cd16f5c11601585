"""`groundwork graph`: verify, repair and rebuild the graph against Postgres."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from groundwork_command.instance import running
from groundwork_command.instance.checkpoints import Checkpoint
from groundwork_command.services.home import Home
from groundwork_command.services.service import OnProgress
from groundwork_command.terminal.output import FAILED, clear_failures, note, result
from groundwork_command.terminal.progress import progress, show_progress

if TYPE_CHECKING:
    from groundwork_core.knowledge.graph.rounds import Drift
    from groundwork_data.graph.drift import Report
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

OutputFormat = Literal["json", "text"]
Begin = Literal["resume", "restart"]
Work = Callable[["Database", "GraphDatabase", OnProgress, Checkpoint], "Report"]
RemainingDrift = Callable[["Report"], "Drift"]
MAX_SHOWN = 20


def verify(output: OutputFormat, begin: Begin = "resume") -> None:
    """Compare the whole graph with Postgres; exit code 1 on drift."""
    from groundwork_data.graph.comparison import drift_of
    from groundwork_data.graph.verify import verify as work  # loads both databases

    found = _run("verify", _resumable(work, begin), drift_of)
    _print_report(found, output)
    if not found.ok:
        if output == "text":
            note("Run `groundwork graph repair` to correct the graph.")
        sys.exit(FAILED)


def repair(output: OutputFormat) -> None:
    """Update the graph to match Postgres, deletions included."""
    from groundwork_data.graph.repair import repair as work  # loads both databases

    def run(
        database: "Database", graph: "GraphDatabase", on_progress: OnProgress, _: Checkpoint
    ) -> "Report":
        return work(database, graph, on_progress)

    _print_report(_run("repair", run, _healed), output)


def rebuild(output: OutputFormat, begin: Begin = "resume") -> None:
    """Rebuild the graph from Postgres while readers and the relay keep running."""
    from groundwork_data.graph.rebuild import rebuild as work  # loads both databases

    _print_report(_run("rebuild", _resumable(work, begin), _healed), output)


def _healed(_found: "Report") -> "Drift":
    """Return an empty drift, since a repair or rebuild leaves none."""
    from groundwork_data.graph.comparison import no_drift  # loads both databases

    return no_drift()


def _resumable(work: "Callable[..., Report]", begin: Begin) -> "Work":
    """Resume an interrupted run, unless `begin` is "restart"."""

    def run(
        database: "Database",
        graph: "GraphDatabase",
        on_progress: OnProgress,
        checkpoint: Checkpoint,
    ) -> "Report":
        begun = checkpoint.load() if begin == "resume" else None
        return work(database, graph, on_progress, begun=begun, remember=checkpoint.save)

    return run


def _run(name: str, work: "Work", drift_left: "RemainingDrift") -> "Report":
    """Run the work with a checkpoint; record the remaining drift, for the metric."""
    from groundwork_data.postgres.graph_rounds import (  # loads the data layer
        PostgresGraphRounds,
    )

    with clear_failures(), progress() as report:
        addresses = running.addresses()
        graph, database = connect(addresses)
        checkpoint = Checkpoint(Home(running.home_folder()), name, _of(addresses))
        try:
            found = work(database, graph, show_progress(report), checkpoint)
            checkpoint.remove()
            PostgresGraphRounds(database).compared(drift_left(found))
            return found
        finally:
            graph.close()
            database.close()


def connect(addresses: Mapping[str, str]) -> "tuple[GraphDatabase, Database]":
    """Return clients of both databases."""
    from groundwork_data.graph.driver import GraphDatabase  # slow to load
    from groundwork_data.postgres.database import Database  # slow to load

    graph = GraphDatabase(
        addresses["NEO4J_URI"],
        addresses.get("NEO4J_USER", "neo4j"),
        addresses.get("NEO4J_PASSWORD", ""),
    )
    return graph, Database(addresses["DATABASE_URL"], application_name="groundwork graph")


def _of(addresses: Mapping[str, str]) -> str:
    """Return an identifier of both databases, without passwords."""
    parts = [urlsplit(addresses[name]) for name in ("DATABASE_URL", "NEO4J_URI")]
    return " ".join(f"{part.hostname}:{part.port}{part.path}" for part in parts)


def _print_report(found: "Report", output: OutputFormat) -> None:
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
    note(f"{len(found.drift):,} differ from Postgres, {found.nameless:,} have no id")
    note(f"{found.waiting:,} late: their changes are still in the outbox")
    if found.restored:
        note("The graph has newer changes than Postgres: the database was restored.")
    for drift in found.drift[:MAX_SHOWN]:
        note(f"  {drift.kind}: {drift.aggregate} {drift.id}")
