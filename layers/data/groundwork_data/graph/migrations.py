"""Migrate the schema of the graph with numbered Cypher files, one migrator at a time.

Each statement autocommits, as schema changes and CALL {} IN TRANSACTIONS require. An interrupted
file is therefore applied again from its start: its statements use IF NOT EXISTS, or MERGE. A file
that was applied must not change, which its checksum verifies. A file with the same name and the
ending .down.cypher undoes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase

_FILE = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.cypher")
_BACK = ".down.cypher"

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
FORGET = "MATCH (m:Migration {number: $number}) DELETE m"


class ChangedMigration(Exception):
    """A migration file was changed after it was applied; add a new file instead."""


class IrreversibleMigration(Exception):
    """A migration to undo has no .down.cypher file, or is not in the folder."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file, and the text that undoes it (empty if it cannot be undone)."""

    number: int
    name: str
    checksum: str
    statements: tuple[str, ...]
    back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppliedMigrations:
    """The names of the migrations that were applied and that were undone."""

    applied: tuple[str, ...]
    undone: tuple[str, ...]


def migrate(graph: GraphDatabase, folder: Path, *, target: int | None = None) -> AppliedMigrations:
    """Migrate the graph to a number: apply missing migrations, or undo later ones backwards.

    Args:
        graph: the graph to migrate.
        folder: the folder of migrations (migrations/graph).
        target: the highest number to keep, 0 for none. None applies all files, and keeps
            migrations of newer releases.

    Raises:
        ChangedMigration: a file differs from the one that was applied under its number.
        IrreversibleMigration: a migration above `target` cannot be undone; nothing was changed.
        Unavailable: the graph cannot be reached.
    """
    known = read(folder)
    with _migrator_lock(graph):
        applied = {row["number"]: row["checksum"] for row in graph.run(APPLIED)}
        missing = _missing(known, applied, target)
        above = _to_undo(known, applied, target)
        for migration in above:
            _run(graph, migration.back)
            graph.run(FORGET, {"number": migration.number})
        for migration in missing:
            _run(graph, migration.statements)
            graph.run(
                REMEMBER,
                {
                    "number": migration.number,
                    "name": migration.name,
                    "checksum": migration.checksum,
                },
            )
    return AppliedMigrations(tuple(m.name for m in missing), tuple(m.name for m in above))


def _missing(
    known: list[Migration], applied: Mapping[int, str], target: int | None
) -> list[Migration]:
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            message = f"{migration.name} was changed after it was applied; add a new file instead"
            raise ChangedMigration(message)
    return [
        migration
        for migration in known
        if migration.number not in applied and (target is None or migration.number <= target)
    ]


def _to_undo(
    known: list[Migration], applied: Mapping[int, str], target: int | None
) -> list[Migration]:
    if target is None:
        return []
    undoable = {migration.number: migration for migration in known if migration.back}
    numbers = sorted((number for number in applied if number > target), reverse=True)
    for number in numbers:
        if number not in undoable:
            message = f"migration {number:04} cannot be undone: it has no .down.cypher file"
            raise IrreversibleMigration(message)
    return [undoable[number] for number in numbers]


def _run(graph: GraphDatabase, statements: tuple[str, ...]) -> None:
    for statement in statements:
        graph.run(statement)
    graph.run("CALL db.awaitIndexes(300)")


def read(folder: Path) -> list[Migration]:
    """Read the numbered files of a folder, in order. Raises ValueError when two share a number."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.cypher")):
        if path.name.endswith(_BACK):
            continue
        match = _FILE.fullmatch(path.name)
        if match is None:
            message = f"{path.name} is not named NNNN_what_it_does.cypher"
            raise ValueError(message)
        number = int(match["number"])
        if number in found:
            message = f"{path.name} and {found[number].name} have the same number"
            raise ValueError(message)
        text = path.read_text(encoding="utf-8")
        back = path.with_name(path.stem + _BACK)
        found[number] = Migration(
            number,
            path.stem,
            hashlib.sha256(text.encode()).hexdigest(),
            statements(text),
            statements(back.read_text(encoding="utf-8")) if back.exists() else (),
        )
    return list(found.values())


def statements(text: str) -> tuple[str, ...]:
    """Split a file at lines that end with a semicolon; lines that begin with // are comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    parts = re.split(r";[ \t]*$", "\n".join(lines), flags=re.MULTILINE)
    return tuple(part.strip() for part in parts if part.strip())


@contextmanager
def _migrator_lock(graph: GraphDatabase) -> Iterator[None]:
    """Hold a lock in a transaction of its own; it ends with the connection."""
    for constraint in CONSTRAINTS:
        graph.ensure(constraint)
    with graph.open_transaction() as run:
        run(LOCK, {})
        yield
