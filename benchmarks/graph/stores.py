"""Both stores of a graph of one size, made once and kept in a folder outside the repository.

The folder is the state folder of an instance: `groundwork up` on it serves the graph. Postgres is
filled from the seed; Neo4j as `groundwork graph rebuild --offline` does it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.graph import dataset
from groundwork_command.instance.new_store import make_store
from groundwork_command.instance.schema import migrate_postgres
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory
from groundwork_command.services.postgres import Postgres

MIGRATIONS = Path("migrations")
FORM = 1
"""Goes up when what is stored changes; stores of another form are made again."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stores:
    """A generated graph, and the settings that serve it."""

    home: Path
    memory: Memory

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that give its Neo4j this memory."""
        return {
            "GROUNDWORK_NEO4J_HEAP": self.memory.heap,
            "GROUNDWORK_NEO4J_PAGE_CACHE": self.memory.page_cache,
        }


def ensure(cache: Path, relationships: int, memory: Memory, say: Say) -> Stores:
    """Return the stores of a graph of this size, making them when they are not there."""
    stores = Stores(cache / f"{relationships}", memory)
    made = stores.home / "made.json"
    if made.exists() and json.loads(made.read_text()) == {"form": FORM}:
        return stores
    shutil.rmtree(stores.home, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    _make(stores, dataset.Shape.of(relationships), say)
    made.write_text(json.dumps({"form": FORM}))
    return stores


def _make(stores: Stores, shape: dataset.Shape, say: Say) -> None:
    def show_progress(what: str, done: int, of: int) -> None:
        say(f"{what}: {done:,} of {of:,}")

    home = Home(stores.home)
    home.prepare()
    postgres = Postgres(home, {"fsync": "off", "max_wal_size": "8GB", "shared_buffers": "512MB"})
    database_url = postgres.start(say)["DATABASE_URL"]
    try:
        migrate_postgres(database_url, MIGRATIONS)
        dataset.make(database_url, shape, show_progress)
        make_store(home, database_url, MIGRATIONS, stores.memory, show_progress)
    finally:
        postgres.stop()
