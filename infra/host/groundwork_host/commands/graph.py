"""`groundwork graph`: is the graph what Postgres says? Found, healed, or built anew."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from groundwork_host.commands import running
from groundwork_host.commands.progress import progress
from groundwork_host.commands.saying import FAILED, clear_failures, note, result

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.graph.verify import Report
    from groundwork_data.postgres.database import Database

Work = Callable[
    ["Database", "GraphDatabase", Callable[[str, int, int], None]],
    "Report",
]
MOST_SHOWN = 20


def verify(output: Literal["json", "text"]) -> None:
    """Compare everything; exit code 1 when the graph has drifted."""
    from groundwork_data.graph.verify import verify as work  # noqa: PLC0415 - loads both databases

    found = _run(work)
    _tell(found, output)
    if not found.ok:
        if output == "text":
            note("`groundwork graph repair` heals it.")
        sys.exit(FAILED)


def repair(output: Literal["json", "text"]) -> None:
    """Make the graph what Postgres says, deletions included."""
    from groundwork_data.graph.verify import repair as work  # noqa: PLC0415 - loads both databases

    _tell(_run(work), output)


def rebuild(output: Literal["json", "text"]) -> None:
    """Empty the graph and fill it from Postgres."""
    from groundwork_data.graph.verify import rebuild as work  # noqa: PLC0415 - loads both databases

    _tell(_run(work), output)


def _run(work: Work) -> "Report":
    with clear_failures(), progress() as report:
        addresses = running.addresses()
        graph, database = _connect(addresses)

        def told(what: str, done: int, of: int) -> None:
            report(what, f"{'done' if done >= of else 'so far'}: {done:,} of {of:,}")

        try:
            return work(database, graph, told)
        finally:
            graph.close()
            database.close()


def _connect(addresses: Mapping[str, str]) -> "tuple[GraphDatabase, Database]":
    from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - slow to load
    from groundwork_data.postgres.database import Database  # noqa: PLC0415 - slow to load

    graph = GraphDatabase(
        addresses["NEO4J_URI"],
        addresses.get("NEO4J_USER", "neo4j"),
        addresses.get("NEO4J_PASSWORD", ""),
    )
    return graph, Database(addresses["DATABASE_URL"], application_name="groundwork graph")


def _tell(found: "Report", output: Literal["json", "text"]) -> None:
    if output == "json":
        result(
            {
                "ok": found.ok,
                "entities": found.entities,
                "relationships": found.relationships,
                "drift": [
                    {"aggregate": drift.aggregate, "id": str(drift.id), "kind": drift.kind}
                    for drift in found.drift
                ],
                "nameless": found.nameless,
                "waiting": found.waiting,
                "seconds": round(found.seconds, 3),
            }
        )
        return
    note(f"{found.entities:,} entities and {found.relationships:,} relationships")
    note(f"{len(found.drift):,} drifted, {found.nameless:,} without a name")
    note(f"{found.waiting:,} late: their changes are still on the way")
    for drift in found.drift[:MOST_SHOWN]:
        note(f"  {drift.kind}: {drift.aggregate} {drift.id}")
