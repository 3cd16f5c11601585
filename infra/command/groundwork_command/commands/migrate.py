"""`groundwork migrate`: migrate Postgres and the graph."""

from dataclasses import asdict
from typing import Literal

from groundwork_command.instance import project, running
from groundwork_command.instance import schema as migrating
from groundwork_command.terminal.output import clear_failures, fail, note, result


def migrate(
    target: str, graph_target: int | None, wait_seconds: int, output: Literal["json", "text"]
) -> None:
    """Migrate the databases named in the environment, or those of the running instance."""
    with clear_failures():
        addresses = running.addresses()
        try:
            done = migrating.migrate(
                addresses, project.migrations(), target, graph_target, wait_seconds
            )
        except Exception as error:
            import psycopg
            from alembic.util import CommandError
            from sqlalchemy.exc import OperationalError

            from groundwork_data.graph.migrations import (
                ChangedMigration,
                IrreversibleMigration,
            )

            ours = (
                CommandError
                | OperationalError
                | psycopg.OperationalError
                | ChangedMigration
                | IrreversibleMigration
            )
            if isinstance(error, ours):
                fail(f"the schema was not migrated: {error}".splitlines()[0])
            raise
    if output == "json":
        result(asdict(done))
        return
    before, after = done.postgres_before or "empty", done.postgres_after or "empty"
    note(f"Postgres: {after}, unchanged" if before == after else f"Postgres: {before} → {after}")
    steps = [f"{name} undone" for name in done.graph_undone] + list(done.graph_applied)
    note(f"Graph: {', '.join(steps) or 'nothing to apply'}")
