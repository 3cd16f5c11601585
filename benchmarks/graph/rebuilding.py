"""Rebuilds of graphs of up to 10,000,000 relationships, offline and online, and their comparison.

    .venv/bin/python -m benchmarks.graph.rebuilding [--relationships 1000000 10000000]
        [--cache FOLDER] [--work FOLDER] [--out docs/benchmarks] [--parts offline online]

Works on a copy of the Postgres of a graph that benchmarks/graph/run.py has made; the graph itself
is made here. Everything shares the machine. Beside ours, in the same run: Neo4j's import of ready
files, which is a step of the offline rebuild, and a bare driver that does nothing but CREATE.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import neo4j as library
import psutil

from benchmarks.graph import stores
from benchmarks.graph.rebuilding_report import write_report
from benchmarks.graph.run import MEMORY
from groundwork_command.instance.new_store import make_store
from groundwork_command.instance.schema import migrate_graph
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Memory, Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import Address
from groundwork_data.graph import bulk, projection_cypher
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.expected_rows import ExpectedRows, Row, Slice, Stage
from groundwork_data.graph.rebuild import rebuild
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database

BARE_RELATIONSHIPS = 500_000
BARE_BATCH = 10_000
BARE_WRITERS = 2
BARE_CREATE = """
UNWIND $rows AS row
MATCH (a:Entity {id: row[3][0]}) MATCH (b:Entity {id: row[3][1]})
CREATE (a)-[:KNOWS {id: row[0], _v: row[1], confidence: row[4]}]->(b)
"""
SIZES = (1_000_000, 10_000_000)
PARTS = ("offline", "online")
PER_ROW = ("export", "import", "constraints")
"""Steps that take the longer the more there is."""


@dataclass(frozen=True)
class Measured:
    """One row of the table. CPU in seconds of Neo4j, Postgres and this process."""

    relationships: int
    part: str
    what: str
    rows: int
    seconds: float
    neo4j_cpu: float | None = None
    postgres_cpu: float | None = None
    our_cpu: float | None = None


class Lab:
    """A copy of a Postgres, and a Neo4j whose store comes and goes."""

    def __init__(self, home: Home, memory: Memory) -> None:
        self.home = home
        self.memory = memory
        self.postgres = Postgres(home)
        self.neo4j = Neo4j(home, "no archive", memory=memory)
        self.part = ""
        self.size = 0
        self.measured: list[Measured] = []

    @contextmanager
    def serving(self, database_url: str) -> Iterator[tuple[Database, GraphDatabase, Address]]:
        """Serve the graph that is there."""
        at = self.neo4j.start(lambda _line: None)
        try:
            database = Database(database_url, application_name="benchmark")
            graph = GraphDatabase(at["NEO4J_URI"], at["NEO4J_USER"], at["NEO4J_PASSWORD"])
            with closing(database), closing(graph):
                migrate_graph(at, stores.MIGRATIONS)
                yield database, graph, at
        finally:
            self.neo4j.stop()

    def cpu(self) -> tuple[float, float, float]:
        """Seconds so far. Postgres: its processes that are there, so connections stay open."""
        return _cpu(self.neo4j.pids), _cpu(self.postgres.pids), sum(os.times()[:2])

    def note(self, what: str, rows: int, began: float, before: Sequence[float]) -> None:
        """Write down what just ended."""
        seconds = time.monotonic() - began
        spent = [round(b - a, 1) for a, b in zip(before, self.cpu(), strict=True)]
        self.say(what, rows, seconds, *spent)

    def say(self, what: str, rows: int, seconds: float, *cpu: float) -> None:
        """Keep a row and show it."""
        measured = Measured(self.size, self.part, what, rows, round(seconds, 2), *cpu)
        self.measured.append(measured)
        print(measured, flush=True)


def _cpu(pids: Sequence[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def measure(lab: Lab, size: int, parts: Sequence[str]) -> None:
    """Measure some parts, or all, at one size."""
    lab.size = size
    url = lab.postgres.start(lambda _line: None)["DATABASE_URL"]
    try:
        if "offline" in parts:
            lab.part = "offline"
            offline(lab, url)
            with lab.serving(url) as (database, graph, _):
                compare(lab, database, graph)
        if "online" in parts:
            lab.part = "online"
            shutil.rmtree(lab.home.path / "neo4j", ignore_errors=True)
            with lab.serving(url) as (database, graph, _):
                online(lab, database, graph)
            shutil.rmtree(lab.home.path / "neo4j")
            with lab.serving(url) as (database, graph, at):
                bare(lab, database, graph, at)
    finally:
        lab.postgres.stop()


def offline(lab: Lab, url: str) -> None:
    """The offline rebuild, step by step."""
    made = make_store(lab.home, url, stores.MIGRATIONS, lab.memory, lambda *_: None)
    rows = made.entities + made.relationships
    lab.say("offline rebuild", rows, sum(made.seconds.values()))
    for name, seconds in made.seconds.items():
        lab.say(f"offline: {name}", rows if name in PER_ROW else 0, seconds)


def compare(lab: Lab, database: Database, graph: GraphDatabase) -> None:
    """A comparison of everything, the entities by themselves."""
    began, before, ends = time.monotonic(), lab.cpu(), [0.0]

    def show_progress(what: str, _done: int, _all: int) -> None:
        if what == "entities":
            ends[0] = time.monotonic()

    found = verify(database, graph, show_progress)
    assert found.ok, found.by_kind()
    lab.say("verify: entities", found.entities, ends[0] - began)
    lab.note("verify", found.entities + found.relationships, began, before)


def online(lab: Lab, database: Database, graph: GraphDatabase) -> None:
    """The online rebuild of an empty graph."""
    began, before, ends, entities = time.monotonic(), lab.cpu(), [0.0], [0]

    def show_progress(what: str, done: int, _all: int) -> None:
        if what == "entities":
            ends[0], entities[0] = time.monotonic(), done

    report = rebuild(database, graph, show_progress)
    lab.note("online rebuild", report.entities + report.relationships, began, before)
    lab.say("online: entities", entities[0], ends[0] - began)
    took = time.monotonic() - ends[0]
    lab.say("online: relationships", report.relationships, took)
    found = graph.run("MATCH ()-[r]->() RETURN count(r) AS n")[0]["n"]
    assert found == report.relationships == lab.size, (found, report.relationships)


def bare(lab: Lab, database: Database, graph: GraphDatabase, at: Address) -> None:
    """A driver that creates rows which it has already, two writers, by first ends."""
    expected = ExpectedRows(database)
    for part in expected.slices(Stage("entities"), BARE_BATCH):
        bulk.create(graph, Stage("entities"), part.rows, expected.waiting)
    graph.ensure(projection_cypher.constrain("KNOWS"))
    batches: list[list[Row]] = []
    slices: Iterator[Slice] = expected.by_start(BARE_BATCH)
    while len(batches) * BARE_BATCH < min(lab.size, BARE_RELATIONSHIPS):
        batches.append(next(slices).rows)
    auth = (at["NEO4J_USER"], at["NEO4J_PASSWORD"])
    with library.GraphDatabase.driver(at["NEO4J_URI"], auth=auth) as driver:

        def write(rows: list[Row]) -> None:
            driver.execute_query(BARE_CREATE, rows=rows)

        began, before = time.monotonic(), lab.cpu()
        with ThreadPoolExecutor(BARE_WRITERS) as pool:
            list(pool.map(write, batches))
        lab.note("bare driver: CREATE", sum(map(len, batches)), began, before)


def copied(made: stores.Stores, work: Path) -> Home:
    """Copy the Postgres of a made graph, which nobody may be using."""
    if Home(made.home).holder() is not None:
        message = f"an instance runs on {made.home}; a copy of it would be broken"
        raise SystemExit(message)
    folder = work / made.home.name
    shutil.rmtree(folder, ignore_errors=True)
    home = Home(folder)
    home.prepare()
    for name in ("postgres", "secrets"):
        # With owners: the database belongs to another user where we are root.
        subprocess.run(["cp", "-a", "--reflink=auto", made.home / name, folder], check=True)
    return home


def main() -> None:
    """Measure all sizes and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--relationships", type=int, nargs="+", default=list(SIZES))
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwork"
    arguments.add_argument("--cache", type=Path, default=default / "graphs")
    arguments.add_argument("--work", type=Path, default=default / "rebuilds")
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options = arguments.parse_args()
    rows: list[Measured] = []
    for size in options.relationships:
        memory = MEMORY.get(size, Memory())
        lab = Lab(copied(stores.ensure(options.cache, size, memory, print), options.work), memory)
        try:
            measure(lab, size, options.parts)
        finally:
            shutil.rmtree(lab.home.path)
        rows += lab.measured
    write_report([asdict(row) for row in rows], options.parts, options.out)


if __name__ == "__main__":
    main()
