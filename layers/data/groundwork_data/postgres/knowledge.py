"""Write entities, relationships and mentions to Postgres, many per statement.

Only rows that change are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from groundwork_core.errors import Unavailable
from groundwork_core.ids import new_id
from groundwork_core.knowledge.mention_rows import MentionRow
from groundwork_core.knowledge.model import PROVENANCE_DOCUMENTS
from groundwork_core.knowledge.result_parts import Taken
from groundwork_core.knowledge.statements import (
    MAX_ALIASES,
    EdgeRow,
    EntityRow,
    state_again,
)
from groundwork_core.resources.bulk import Outcome, Upserted
from groundwork_data.postgres import knowledge_sql as sql
from groundwork_data.postgres.survivors import survivors_of

if TYPE_CHECKING:
    from groundwork_core.jobs.ports import Lease
    from groundwork_data.postgres.typed_connection import Executes, Row

MENTION_IDS = ("document_id", "job_id", "entity_id", "relationship_id")
CAPS = {"most_documents": PROVENANCE_DOCUMENTS}


class PostgresKnowledge:
    """Implements `KnowledgeStore`.

    Planning an upsert takes longer than the upsert of a few rows, so plans must be kept.
    """

    def __init__(self, connection: Executes) -> None:
        """`connection` is that of a transaction that keeps plans (`keep_plans`)."""
        self._connection = connection

    def upsert_entities(
        self, rows: Sequence[EntityRow], most_aliases: int = MAX_ALIASES
    ) -> list[Upserted]:
        """Insert or merge entities by (type, key)."""
        if not rows:
            return []
        ids = [None if row.key is not None else new_id() for row in rows]
        incoming = Jsonb([_entity(row, id_) for row, id_ in zip(rows, ids, strict=True)])
        try:
            found = self._run(sql.UPSERT_ENTITIES, {"most_aliases": most_aliases, "rows": incoming})
        except UniqueViolation as error:
            raise Unavailable("An entity was merged at the same time; retry.") from error
        done: dict[tuple[Any, ...], Upserted] = {
            (type_, key or id_): Upserted(id_, to) for id_, type_, key, to in found
        }
        merged = {(type_, key): id_ for id_, type_, key, to in found if to == "merged"}
        if merged:
            stated = [(merged[key], row) for row in rows if (key := (row.type, row.key)) in merged]
            outcomes = self._update_survivors(stated, most_aliases)
            done |= {key: Upserted(id_, outcomes[id_]) for key, id_ in merged.items()}
        return [done[row.type, row.key or id_] for row, id_ in zip(rows, ids, strict=True)]

    def upsert_relationships(self, rows: Sequence[EdgeRow]) -> list[Upserted]:
        """Insert or merge relationships."""
        if not rows:
            return []
        incoming = Jsonb(
            [
                {
                    "n": n,
                    "from_id": str(row.from_id),
                    "to_id": str(row.to_id),
                    "type": row.type,
                    "valid_from": _iso(row.valid_from),
                    "valid_to": _iso(row.valid_to),
                    "confidence": row.confidence,
                    "attributes": row.attributes,
                    "documents": [str(document) for document in row.documents],
                    "workers": row.workers,
                }
                for n, row in enumerate(rows)
            ]
        )
        try:
            found = self._run(sql.UPSERT_RELATIONSHIPS, {"rows": incoming})
        except ForeignKeyViolation as error:
            raise Unavailable(
                "An entity of a relationship was deleted at the same time; retry."
            ) from error
        done: dict[tuple[Any, ...], Upserted] = {
            tuple(key): Upserted(id_, to) for id_, *key, to in found
        }
        return [done[row.from_id, row.to_id, row.type, row.valid_from] for row in rows]

    def hold_entities(self, ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return the entity or survivor of each id, locked against deletion and merging."""
        held = self._lock_entities(ids)
        led = survivors_of(self._rows, [id_ for id_ in ids if id_ not in held])
        more = self._lock_entities(sorted(set(led.values()) - held)) if led else set()
        found = {old: into for old, into in led.items() if into in held or into in more}
        return {id_: id_ for id_ in held} | found

    def put_mentions(
        self, rows: Sequence[MentionRow], stated: Sequence[tuple[UUID, int]]
    ) -> set[UUID]:
        """Insert mentions, and delete those of earlier revisions of the `stated` documents.

        Returns the entities whose mentions were deleted.
        """
        if rows:
            mentions = [
                {**asdict(row), **{name: _text(getattr(row, name)) for name in MENTION_IDS}}
                for row in rows
            ]
            self._connection.execute(sql.PUT_MENTIONS, {"mentions": Jsonb(mentions)})
        revised = [(document, revision) for document, revision in stated if revision > 1]
        if not revised:
            return set()
        documents, revisions = zip(*revised, strict=True)
        dropped = self._connection.execute(
            sql.DROP_STALE_MENTIONS, {"documents": list(documents), "revisions": list(revisions)}
        )
        return {row[0] for row in dropped if row[0] is not None}

    def present(
        self, document_ids: Sequence[UUID], lease_tokens: Sequence[UUID]
    ) -> tuple[dict[UUID, int], dict[UUID, list[Taken]]]:
        """Return the revisions of existing documents, and the result parts accepted by lease."""
        given = {"documents": list(document_ids), "tokens": list(lease_tokens)}
        revisions: dict[UUID, int] = {}
        parts: dict[UUID, list[Taken]] = {}
        for id_, revision, *taken in self._connection.execute(sql.PRESENT, given).fetchall():
            if revision is None:
                parts.setdefault(id_, []).append(Taken(*taken))
            else:
                revisions[id_] = revision
        return revisions, parts

    def take_part(self, lease: Lease, taken: Taken) -> None:
        """Record that a part of a result was accepted under a lease."""
        part, *counts = astuple(taken)
        self._connection.execute(sql.TAKE_PART, [lease.token, part, lease.job_id, *counts])

    def _lock_entities(self, ids: Sequence[UUID]) -> set[UUID]:
        return {row[0] for row in self._connection.execute(sql.HOLD_ENTITIES, [list(ids)])}

    def _rows(self, statement: str, given: Sequence[object]) -> list[Row]:
        return self._connection.execute(statement, given).fetchall()

    def _update_survivors(
        self, stated: Sequence[tuple[UUID, EntityRow]], most_aliases: int
    ) -> dict[UUID, Outcome]:
        """Apply to survivors the statements about entities that were merged into them."""
        rows: dict[UUID, EntityRow] = {}
        for id_, row in stated:
            if id_ in rows:
                state_again(rows[id_], row, most_aliases)
            else:
                rows[id_] = row
        held = self._connection.execute(sql.HOLD_SURVIVORS, [list(rows)]).fetchall()
        if len(held) < len(rows):
            raise Unavailable("An entity was merged at the same time; retry.")
        incoming = Jsonb([_entity(row, id_) for id_, row in rows.items()])
        given = {"most_aliases": most_aliases, "rows": incoming}
        changed = self._run(sql.UPDATE_SURVIVORS, given)
        outcomes: dict[UUID, Outcome] = dict.fromkeys(rows, "unchanged")
        return outcomes | dict.fromkeys((row[0] for row in changed), "updated")

    def _run(self, statement: str, given: dict[str, object]) -> list[Row]:
        return self._connection.execute(statement, {**CAPS, **given}).fetchall()


def _entity(row: EntityRow, id_: UUID | None) -> dict[str, object]:
    return {
        "id": id_ and str(id_),
        "type": row.type,
        "key": row.key,
        "name": row.name,
        "confidence": row.confidence,
        "said": row.said,
        "aliases": row.aliases,
        "attributes": row.attributes,
        "documents": [str(document) for document in row.documents],
        "workers": row.workers,
    }


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
