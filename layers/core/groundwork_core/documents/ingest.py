"""Take in the entries of a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from groundwork_core.documents.model import Entry
from groundwork_core.documents.ports import DocumentStore
from groundwork_core.jobs.model import extract_job
from groundwork_core.jobs.ports import JobStore


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many documents were new, and how many have a new revision."""

    new: int = 0
    changed: int = 0


def ingest(
    source_id: UUID, entries: Sequence[Entry], *, documents: DocumentStore, jobs: JobStore
) -> Ingested:
    """Store entries and ask for the extraction of what is new or changed, in this transaction.

    Three round trips at most, however many entries: what is known, the upsert, the jobs. An entry
    that appears twice in a feed counts once, the first time (feeds put the newest first).
    """
    unique: dict[str, Entry] = {}
    for entry in entries:
        unique.setdefault(entry.external_id, entry)
    known = documents.known(source_id, list(unique)) if unique else {}
    fresh = [entry for key, entry in unique.items() if known.get(key) != entry.content_hash()]
    if not fresh:
        return Ingested()
    stored = documents.put(source_id, fresh)
    jobs.add([extract_job(document.id, document.revision) for document in stored])
    changed = sum(document.revision > 1 for document in stored)
    return Ingested(new=len(stored) - changed, changed=changed)
