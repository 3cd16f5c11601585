"""Export entities and relationships from Postgres as CSV files for Neo4j's bulk import.

All files show one snapshot, which two connections share. The export also returns the position of
the snapshot in the outbox, and writes a tombstone for every older change that the relay may still
deliver: deletions, and earlier types of relationships.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph import export_sql as sql
from groundwork_data.graph.expected_rows import FIRST, LAST, TYPES
from groundwork_data.graph.verify import Progress
from groundwork_data.postgres.constraints import as_domain_error

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

CONNECTIONS = 2
PIECES = 8
"""Number of files of relationships, divided among the connections as they become free."""
REPORT_EVERY = 50_000

BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
COUNTS = "SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM relationships)"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a bulk import: nodes, and relationships with the file of their header first."""

    nodes: tuple[Path, ...]
    relationships: tuple[Path, ...]
    array_delimiter: str = sql.ARRAY_DELIMITER


@dataclass(frozen=True, slots=True)
class Exported:
    """The contents and position of an exported snapshot."""

    files: Files
    entities: int
    relationships: int
    tombstones: int
    types: tuple[str, ...]
    """The relationship types in use."""
    rough: tuple[Id, ...]
    """Entities with texts that CSV cannot hold: exported with replacements, corrected later."""
    horizon: int
    """The export contains the changes of every transaction with a lower number."""


def export(database_url: str, folder: Path, progress: Progress) -> Exported:
    """Export one snapshot of Postgres into an empty folder.

    Args:
        database_url: Postgres, migrated.
        folder: an empty folder for the files.
        progress: called with the progress.

    Raises:
        Unavailable: Postgres cannot be reached.
    """
    with as_domain_error(), ThreadPoolExecutor(CONNECTIONS) as pool:
        writer = _Writer(folder, progress)
        with psycopg.connect(database_url) as first, psycopg.connect(database_url) as second:
            _share_a_snapshot(first, second)
            about = _Snapshot.read(first)
            writer.expect(about.entities, about.relationships)
            lanes: list[Connection[TupleRow]] = [first, second]
            work = partial(writer.write, lanes)
            bounds = [FIRST, *about.bounds, LAST]
            nodes = [
                pool.submit(work, "entities", sql.ENTITIES, sql.ENTITY_HEADER),
                pool.submit(work, "tombstones", sql.TOMBSTONES, sql.TOMBSTONE_HEADER),
            ]
            edges = [
                pool.submit(work, f"relationships-{place}", sql.EDGES, "", between)
                for place, between in enumerate(pairwise(bounds))
            ]
            entities, tombstones = (each.result() for each in nodes)
            relationships = sum(each.result() for each in edges)
    header = folder / "relationships.csv"
    header.write_text(sql.EDGE_HEADER)
    pieces = (folder / f"relationships-{place}.csv" for place in range(len(edges)))
    return Exported(
        Files((folder / "entities.csv", folder / "tombstones.csv"), (header, *pieces)),
        entities,
        relationships,
        tombstones,
        about.types,
        about.rough,
        about.horizon,
    )


def _share_a_snapshot(first: Connection[TupleRow], second: Connection[TupleRow]) -> None:
    for connection in (first, second):
        connection.autocommit = True  # BEGIN is ours, with its level
        connection.execute(BEGIN)
    row = first.execute("SELECT pg_export_snapshot()").fetchone()
    second.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(row[0] if row else ""))


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The facts that are read before any file is written."""

    entities: int
    relationships: int
    types: tuple[str, ...]
    rough: tuple[Id, ...]
    bounds: tuple[Id, ...]
    horizon: int

    @classmethod
    def read(cls, connection: Connection[TupleRow]) -> _Snapshot:
        def rows(text: LiteralString, given: Sequence[object] = ()) -> list[TupleRow]:
            return connection.execute(text, given or None).fetchall()

        ((entities, relationships),) = rows(COUNTS)
        shares = [place / PIECES for place in range(1, PIECES)]
        return cls(
            entities,
            relationships,
            tuple(row[0] for row in rows(TYPES)),
            tuple(row[0] for row in rows(sql.ROUGH)),
            tuple(sorted({row[0] for row in rows(sql.BOUNDS, [shares]) if row[0] is not None})),
            rows(HORIZON)[0][0],
        )


class _Writer:
    """Writes files concurrently, and reports the progress of all of them together."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._progress = progress
        self._lock = threading.Lock()
        self._written = 0
        self._expected = 0

    def expect(self, entities: int, relationships: int) -> None:
        self._expected = entities + relationships

    def write(
        self,
        lanes: list[Connection[TupleRow]],
        name: str,
        statement: LiteralString,
        header: str,
        given: Sequence[object] = (),
    ) -> int:
        """Write one file through a free connection; return the number of its rows."""
        connection = lanes.pop()
        try:
            with (
                (self._folder / f"{name}.csv").open("wb") as file,
                connection.cursor() as cursor,
                cursor.copy(statement, given or None) as rows,
            ):
                file.write(header.encode())
                count = 0
                for row in rows:
                    file.write(row)
                    count += 1
                    if count % REPORT_EVERY == 0:
                        self._report(REPORT_EVERY)
            self._report(count % REPORT_EVERY)
            return count
        finally:
            lanes.append(connection)

    def _report(self, more: int) -> None:
        with self._lock:
            self._written += more
            self._progress("export", min(self._written, self._expected), self._expected)
