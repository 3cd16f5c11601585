"""Schema versions of the graph: numbered files of Cypher, applied once, one migrator at a time.

Each statement commits by itself, as schema changes and CALL {} IN TRANSACTIONS must. A file that
was interrupted is therefore applied again from its start: its statements say IF NOT EXISTS, or
MERGE. A file that was applied must not change; its checksum says whether it did.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

_FILE = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.cypher")

CONSTRAINTS = (
    "CREATE CONSTRAINT migration_number IF NOT EXISTS FOR (m:Migration) REQUIRE m.number IS UNIQUE",
    "CREATE CONSTRAINT migration_lock_name IF NOT EXISTS FOR (l:MigrationLock)"
    " REQUIRE l.name IS UNIQUE",
)
LOCK = "MERGE (l:MigrationLock {name: 'migrations'}) SET l.taken = coalesce(l.taken, 0) + 1"
APPLIED = "MATCH (m:Migration) RETURN m.number AS number, m.checksum AS checksum"
REMEMBER = (
    "MERGE (m:Migration {number: $number})"
    " SET m.name = $name, m.checksum = $checksum, m.applied_at = datetime()"
)


class ChangedMigration(Exception):
    """A file was changed after it had been applied; add a new one instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    checksum: str
    statements: tuple[str, ...]


def migrate(graph: GraphDatabase, folder: Path) -> tuple[str, ...]:
    """Apply what is not applied yet, in order; return the names of what was applied now.

    Args:
        graph: where to apply.
        folder: the folder of migrations (migrations/graph).

    Raises:
        ChangedMigration: a file differs from what was applied under its number.
        Unavailable: the graph cannot be reached.
    """
    wanted = read(folder)
    with _one_at_a_time(graph):
        applied = {row["number"]: row["checksum"] for row in graph.run(APPLIED)}
        for migration in wanted:
            if applied.get(migration.number, migration.checksum) != migration.checksum:
                message = f"{migration.name} was changed after it had been applied"
                raise ChangedMigration(message)
        missing = [m for m in wanted if m.number not in applied]
        for migration in missing:
            for statement in migration.statements:
                graph.run(statement)
            graph.run("CALL db.awaitIndexes(300)")
            graph.run(
                REMEMBER,
                {
                    "number": migration.number,
                    "name": migration.name,
                    "checksum": migration.checksum,
                },
            )
    return tuple(m.name for m in missing)


def read(folder: Path) -> list[Migration]:
    """Read the numbered files of a folder, in order. Raises ValueError when two share a number."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.cypher")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            message = f"{path.name} is not named NNNN_what_it_does.cypher"
            raise ValueError(message)
        number = int(match["number"])
        if number in found:
            message = f"{path.name} and {found[number].name} have the same number"
            raise ValueError(message)
        text = path.read_text(encoding="utf-8")
        found[number] = Migration(
            number, path.stem, hashlib.sha256(text.encode()).hexdigest(), statements(text)
        )
    return list(found.values())


def statements(text: str) -> tuple[str, ...]:
    """Split a file at lines that end with a semicolon; lines that begin with // are comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    parts = re.split(r";[ \t]*$", "\n".join(lines), flags=re.MULTILINE)
    return tuple(part.strip() for part in parts if part.strip())


@contextmanager
def _one_at_a_time(graph: GraphDatabase) -> Iterator[None]:
    """Hold a lock in a transaction of its own; it ends with the connection, however that ends."""
    for constraint in CONSTRAINTS:
        graph.ensure(constraint)
    with graph.open_transaction() as run:
        run(LOCK, {})
        yield
