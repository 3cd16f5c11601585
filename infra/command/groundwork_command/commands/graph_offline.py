"""`groundwork graph rebuild --offline`: the whole graph by Neo4j's bulk import."""

import os
from collections.abc import Mapping
from typing import Literal

from groundwork_command.instance import project, running
from groundwork_command.instance import schema as migrating
from groundwork_command.instance.new_store import Made, make_store
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import ServiceError
from groundwork_command.services.supervisor import Supervisor, embedded
from groundwork_command.terminal.output import clear_failures, note, result
from groundwork_command.terminal.progress import counting, progress


def rebuild(output: Literal["json", "text"]) -> None:
    """Make the embedded Neo4j's store anew from the Postgres of the environment, else our own."""
    with clear_failures(), progress() as report:
        environment = dict(os.environ)
        home = Home(running.home_folder(environment))
        _must_be_stopped_and_ours(home, environment)
        services = [one for one in embedded(home, environment) if one.name == Postgres.name]
        supervisor = Supervisor(home, services)
        addresses = {**environment, **supervisor.start(report)}
        try:
            migrating.migrate_postgres(migrating.owner_url(addresses), project.migrations())
            made = make_store(
                home,
                addresses["DATABASE_URL"],
                project.migrations(),
                Memory.from_environment(environment),
                counting(report),
            )
        finally:
            supervisor.stop()
    _tell(made, output)


def _must_be_stopped_and_ours(home: Home, environment: Mapping[str, str]) -> None:
    if environment.get("NEO4J_URI"):
        raise ServiceError(
            "NEO4J_URI names a Neo4j that runs somewhere else; only the files of the embedded one "
            "can be replaced. Leave out --offline: that goes through Bolt, while all goes on."
        )
    if home.holder() is not None:
        raise ServiceError(
            f"Groundwork runs on {home.path}, and its Neo4j with it. Stop it with `groundwork "
            "down` and try again, or leave out --offline: that works while all goes on."
        )


def _tell(made: Made, output: Literal["json", "text"]) -> None:
    seconds = sum(made.seconds.values())
    if output == "json":
        result(
            {
                "ok": True,
                "entities": made.entities,
                "relationships": made.relationships,
                "tombstones": made.tombstones,
                "told": not made.untold,
                "seconds": round(seconds, 3),
                "steps": made.seconds,
            }
        )
        return
    note(
        f"{made.entities:,} entities and {made.relationships:,} relationships in {seconds:.0f} s: "
        + ", ".join(f"{name} {took:.1f}" for name, took in made.seconds.items())
    )
    if made.untold:
        note(
            "Postgres was lost after the switch. The new graph is in its place and whole; only the "
            "relay will bring again what it has, and the drift metric tells of the old one until "
            "the next check."
        )
    note("`groundwork up` serves them, and brings what has changed since.")
