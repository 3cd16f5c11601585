"""Documents in memory, with their revisions counted but not kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.documents.model import Entry, StoredDocument
from groundwork_core.ids import new_id

from .tables import Row, Tables


class MemoryDocuments:
    """Implements `DocumentStore`; rows by the text of their id."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows: dict[str, Row] = tables.of("documents")

    def known(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, str]:
        return {
            row["external_id"]: row["content_hash"] for row in self._of(source_id, external_ids)
        }

    def put(self, source_id: UUID, entries: Sequence[Entry]) -> list[StoredDocument]:
        stored = []
        for entry in sorted(entries, key=lambda one: one.external_id):
            before = next(iter(self._of(source_id, [entry.external_id])), None)
            if before is not None and before["content_hash"] == entry.content_hash():
                continue
            id_ = new_id() if before is None else before["id"]
            revision = 1 if before is None else before["revision"] + 1
            self._rows[str(id_)] = {
                "id": id_,
                "source_id": source_id,
                "external_id": entry.external_id,
                "content_hash": entry.content_hash(),
                "revision": revision,
                "entry": entry,
            }
            stored.append(StoredDocument(id_, revision))
        return stored

    def stated(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for row in self._of(source_id, external_ids):
            entry: Entry = row["entry"]
            at = entry.published_at
            date = at.astimezone(UTC).isoformat() if at else ""
            found[row["external_id"]] = (entry.address() or "", entry.title, date)
        return found

    def rename(self, source_id: UUID, external_ids: Mapping[str, str]) -> None:
        for row in self._of(source_id, external_ids):
            new = row | {"external_id": external_ids[row["external_id"]]}
            self._rows[str(row["id"])] = new

    def facts(self, document_ids: Sequence[UUID]) -> list[DocumentFacts]:
        found = (self._rows[str(one)] for one in document_ids if str(one) in self._rows)
        return [self._facts(row) for row in found]

    def _of(self, source_id: UUID, external_ids: Collection[str]) -> list[Row]:
        return [
            row
            for row in self._rows.values()
            if row["source_id"] == source_id and row["external_id"] in external_ids
        ]

    def _facts(self, row: Row) -> DocumentFacts:
        source = self._tables.of("sources")[str(row["source_id"])]
        state = self._tables.of("source_states").get(row["source_id"])
        feed: dict[str, Any] = {} if state is None else state.feed
        entry: Entry = row["entry"]
        return DocumentFacts(
            document_id=row["id"],
            revision=row["revision"],
            source_id=row["source_id"],
            source_name=source["name"],
            source_url=source["url"],
            site=feed.get("site"),
            feed_title=feed.get("title") or "",
            url=entry.address(),
            authors=entry.authors or ((entry.author,) if entry.author else ()),
            categories=entry.categories,
            links=entry.links,
        )
