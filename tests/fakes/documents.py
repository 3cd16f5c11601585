"""Documents in memory, with their revisions counted but not kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from uuid import UUID

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

    def _of(self, source_id: UUID, external_ids: Collection[str]) -> list[Row]:
        return [
            row
            for row in self._rows.values()
            if row["source_id"] == source_id and row["external_id"] in external_ids
        ]
