"""Store the entries of a feed as documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from groundwork_core.documents.identity import Identity, identify, key_of, renamed
from groundwork_core.documents.model import Entry
from groundwork_core.documents.ports import DocumentStore
from groundwork_core.jobs.model import extract_job
from groundwork_core.jobs.ports import JobStore

MAX_FRESH = 5_000
"""New and changed entries that are stored at once; a sitemap may have ten times as many."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """Counts of new documents, new revisions and repeated entries."""

    new: int = 0
    changed: int = 0
    repeated: int = 0
    waiting: int = 0
    """Entries above `MAX_FRESH`, which the next polls store."""
    identity: Identity = Identity.ID
    """The identity of the source's entries from now on."""


def ingest(
    source_id: UUID,
    entries: Sequence[Entry],
    *,
    documents: DocumentStore,
    jobs: JobStore,
    identity: Identity = Identity.ID,
) -> Ingested:
    """Store entries and queue the extraction of new and changed ones, in this transaction.

    At most three round trips for any number of entries: read hashes, upsert, queue jobs; two more
    when the feed needs another `identity` than before. The result does not depend on the order of
    the entries.
    """
    found = identify(entries, identity)
    if found.identity is not identity:
        old = documents.stated(source_id, list({key_of(entry, identity) for entry in entries}))
        documents.rename(source_id, renamed(old, entries, identity, found.identity))
    hashes = {entry.external_id: entry.content_hash() for entry in found.entries}
    known = documents.known(source_id, list(hashes)) if hashes else {}
    fresh = [e for e in found.entries if known.get(e.external_id) != hashes[e.external_id]]
    if not fresh:
        return Ingested(repeated=found.repeated, identity=found.identity)
    stored = documents.put(source_id, fresh[:MAX_FRESH])
    jobs.add([extract_job(document.id, document.revision) for document in stored])
    changed = sum(document.revision > 1 for document in stored)
    return Ingested(
        new=len(stored) - changed,
        changed=changed,
        repeated=found.repeated,
        waiting=max(0, len(fresh) - MAX_FRESH),
        identity=found.identity,
    )
