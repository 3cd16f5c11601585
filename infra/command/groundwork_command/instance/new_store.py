"""Making a new store for Neo4j out of Postgres, in the place of the old one.

Exported, imported and completed in a folder beside the old store, which stays as it is until one
rename at the end. A run that is killed has done nothing; the next one begins anew.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork_command.services import neo4j_folders
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_command.services.neo4j_import import import_store
from groundwork_command.services.service import ServiceError
from groundwork_command.terminal.progress import Counting

if TYPE_CHECKING:
    from groundwork_data.graph.export import Exported


@dataclass(slots=True)
class Made:
    """What is in the new store, and how long each step took."""

    entities: int = 0
    relationships: int = 0
    tombstones: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    untold: bool = False
    """Postgres was lost when all was done: the relay brings again what the store has."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        before = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - before, 3)

    @contextmanager
    def tell_postgres(self) -> Iterator[None]:
        """Write down there what only saves work; the store is in its place without that."""
        from groundwork_core.errors import Unavailable

        try:
            yield
        except Unavailable:
            self.untold = True


def make_store(
    home: Home, database_url: str, migrations: Path, memory: Memory, progress: Counting
) -> Made:
    """Make the store anew. Neo4j must not run, nor start meanwhile: the state folder is held.

    Args:
        home: the state folder.
        database_url: Postgres, migrated.
        migrations: the folder of migrations.
        memory: what Neo4j may take.
        progress: told how far it is.

    Raises:
        ServiceError: it failed; the old store is as it was.
        Unavailable: Postgres cannot be reached; the same.
    """
    from groundwork_data.graph.export import export  # slow to load
    from groundwork_data.graph.relay_pause import pause_relay

    made = Made()
    neo4j_folders.finish_switch(home)
    folder = neo4j_folders.new_draft(home)
    neo4j = Neo4j(home, "no archive", memory, neo4j_folders.DRAFT)
    try:
        with pause_relay(database_url) as pause:
            neo4j.prepare()
            files = folder / "csv"
            files.mkdir()
            with made.step("export"):
                exported = export(database_url, files, progress)
            with made.step("import"):
                log = home.logs / "neo4j-import.log"
                import_store(folder, exported.files, memory, log, progress)
                shutil.rmtree(files)
            _complete(neo4j, exported, database_url, migrations / "graph", made, progress)
            pause.confirm()
            with made.step("switch"):
                neo4j_folders.switch(home)
                with made.tell_postgres():
                    pause.advance(exported.horizon)
        with made.tell_postgres():
            _say_whole(database_url)
    finally:
        neo4j_folders.discard_draft(home)
    made.entities, made.relationships = exported.entities, exported.relationships
    made.tombstones = exported.tombstones
    return made


def _complete(
    neo4j: Neo4j,
    exported: "Exported",
    database_url: str,
    migrations: Path,
    made: Made,
    progress: Counting,
) -> None:
    from groundwork_data.graph.complete_import import NotWhole, complete
    from groundwork_data.graph.driver import GraphDatabase  # slow to load
    from groundwork_data.postgres.database import Database

    try:
        with made.step("start"):
            served = neo4j.start(lambda _line: None)
        database = Database(database_url, application_name="groundwork graph rebuild")
        graph = GraphDatabase(served["NEO4J_URI"], served["NEO4J_USER"], served["NEO4J_PASSWORD"])
        try:
            with made.step("constraints"):
                complete(exported, database, graph, migrations, progress)
        except NotWhole as error:
            raise ServiceError(
                f"The import lost something, nothing was replaced: {error}"
            ) from error
        finally:
            graph.close()
            database.close()
    finally:
        with made.step("stop"):
            neo4j.stop()


def _say_whole(database_url: str) -> None:
    """Write down that nothing has drifted: what was known is of the old store."""
    from groundwork_data.graph.comparison import no_drift  # slow to load
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.graph_rounds import (
        PostgresGraphRounds,
    )

    with closing(Database(database_url, application_name="groundwork graph rebuild")) as database:
        PostgresGraphRounds(database).compared(no_drift())
