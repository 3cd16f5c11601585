"""What the use cases of documents need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from groundwork_core.documents.model import Entry, StoredDocument


class DocumentStore(Protocol):
    """The documents."""

    def known(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, str]:
        """Return the content hashes, by external id, of those that are there. One round trip."""
        ...

    def put(self, source_id: UUID, entries: Sequence[Entry]) -> list[StoredDocument]:
        """Insert what is new, revise what changed and keep its old state. One round trip.

        What is there with the same content is left alone and not returned.
        """
        ...
