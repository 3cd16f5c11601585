"""`groundwork graph rebuild --offline`: rebuild the graph with Neo4j's bulk import."""

import os
from collections.abc import Mapping
from typing import Literal

from groundwork_command.instance import project, running
from groundwork_command.instance import schema as migrating
from groundwork_command.instance.new_store import NewStore, make_store
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import ServiceError
from groundwork_command.services.supervisor import Supervisor, embedded
from groundwork_command.terminal.output import clear_failures, note, result
from groundwork_command.terminal.progress import progress, show_progress


def rebuild(output: Literal["json", "text"]) -> None:
    """Rebuild the embedded Neo4j's store from DATABASE_URL or the embedded Postgres."""
    with clear_failures(), progress() as report:
        environment = dict(os.environ)
        home = Home(running.home_folder(environment))
        _require_stopped_and_embedded(home, environment)
        services = [each for each in embedded(home, environment) if each.name == Postgres.name]
        supervisor = Supervisor(home, services)
        addresses = {**environment, **supervisor.start(report)}
        try:
            migrating.migrate_postgres(migrating.owner_url(addresses), project.migrations())
            made = make_store(
                home,
                addresses["DATABASE_URL"],
                project.migrations(),
                Memory.from_environment(environment),
                show_progress(report),
            )
        finally:
            supervisor.stop()
    _print_summary(made, output)


def _require_stopped_and_embedded(home: Home, environment: Mapping[str, str]) -> None:
    if environment.get("NEO4J_URI"):
        raise ServiceError(
            "NEO4J_URI names a Neo4j that runs elsewhere; --offline can only replace the files of "
            "the embedded one. Omit --offline to rebuild through Bolt."
        )
    if home.holder() is not None:
        raise ServiceError(
            f"Groundwork runs on {home.path}, and its Neo4j with it. Stop it with `groundwork "
            "down` and repeat, or omit --offline to rebuild while it runs."
        )


def _print_summary(made: NewStore, output: Literal["json", "text"]) -> None:
    seconds = sum(made.seconds.values())
    if output == "json":
        result(
            {
                "ok": True,
                "entities": made.entities,
                "relationships": made.relationships,
                "tombstones": made.tombstones,
                "recorded": not made.unrecorded,
                "seconds": round(seconds, 3),
                "steps": made.seconds,
            }
        )
        return
    note(
        f"{made.entities:,} entities and {made.relationships:,} relationships in {seconds:.0f} s: "
        + ", ".join(f"{name} {took:.1f}" for name, took in made.seconds.items())
    )
    if made.unrecorded:
        note(
            "The connection to Postgres was lost after the switch. The new graph is complete and "
            "in place; the relay will deliver some changes again, and the drift metric shows the "
            "old graph until the next check."
        )
    note("`groundwork up` serves the new graph and delivers changes made since.")
