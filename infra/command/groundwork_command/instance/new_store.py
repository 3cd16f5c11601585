"""Build a new Neo4j store from Postgres and replace the old one with it.

The new store is exported, imported and completed in a folder beside the old store, which stays
unchanged until one rename at the end. An interrupted run changes nothing; the next starts again.
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
from groundwork_command.services.service import OnProgress, ServiceError

if TYPE_CHECKING:
    from groundwork_data.graph.export import Exported


@dataclass(slots=True)
class NewStore:
    """Contents of the new store, and the duration of each step in seconds."""

    entities: int = 0
    relationships: int = 0
    tombstones: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    unrecorded: bool = False
    """The switch was not recorded in Postgres: the relay will deliver some changes again."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the duration of a step."""
        before = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - before, 3)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the switch in Postgres in the block; ignore a lost connection.

        Without the record, the relay only repeats some deliveries.
        """
        from groundwork_core.errors import Unavailable

        try:
            yield
        except Unavailable:
            self.unrecorded = True


def make_store(
    home: Home, database_url: str, migrations: Path, memory: Memory, progress: OnProgress
) -> NewStore:
    """Build a new store and switch to it.

    Neo4j must not run, and the caller must hold the state folder's lock.

    Args:
        home: The state folder.
        database_url: URL of a migrated Postgres.
        migrations: The folder of migrations.
        memory: Memory limits of Neo4j.
        progress: Called with the progress of each step.

    Raises:
        ServiceError: It failed; the old store is unchanged.
        Unavailable: Postgres cannot be reached; the old store is unchanged.
    """
    from groundwork_data.graph.export import export  # slow to load
    from groundwork_data.graph.relay_pause import pause_relay

    made = NewStore()
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
                with made.recording():
                    pause.advance(exported.horizon)
        with made.recording():
            _record_no_drift(database_url)
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
    made: NewStore,
    progress: OnProgress,
) -> None:
    from groundwork_data.graph.complete_import import IncompleteStore, complete
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
        except IncompleteStore as error:
            raise ServiceError(
                f"The import is incomplete, so the old graph was kept: {error}"
            ) from error
        finally:
            graph.close()
            database.close()
    finally:
        with made.step("stop"):
            neo4j.stop()


def _record_no_drift(database_url: str) -> None:
    """Record that nothing has drifted; the last record was about the old store."""
    from groundwork_data.graph.comparison import no_drift  # slow to load
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.graph_rounds import (
        PostgresGraphRounds,
    )

    with closing(Database(database_url, application_name="groundwork graph rebuild")) as database:
        PostgresGraphRounds(database).compared(no_drift())
