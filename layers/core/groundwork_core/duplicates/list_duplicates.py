"""List the near-duplicates of a document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from groundwork_core.errors import NotFound

MAX_SHOWN = 200


class SeenDocument(BaseModel):
    """A document of a cluster."""

    id: UUID
    source_id: UUID
    source: str = Field(description="The name of the document's source.")
    url: str | None
    title: str
    published_at: datetime | None
    seen_at: datetime = Field(description="When the document was stored.")


class Duplicates(BaseModel):
    """The cluster of a document: the earliest document, and the others."""

    cluster_id: UUID | None = Field(description="Null until the document was compared.")
    first_seen: SeenDocument
    items: list[SeenDocument] = Field(
        description=f"The others, in the order in which they were seen, at most {MAX_SHOWN}."
    )
    next_cursor: None = None


ClusterOf = Callable[[UUID, int], tuple[UUID | None, list[SeenDocument]]]
"""Returns the cluster of a document and its documents, first seen first; empty: no document."""


def list_duplicates(document_id: UUID, *, cluster_of: ClusterOf) -> Duplicates:
    """Return the near-duplicates of a document. Raises NotFound."""
    cluster_id, seen = cluster_of(document_id, MAX_SHOWN + 1)
    if not seen:
        raise NotFound("This document does not exist.")
    others = [one for one in seen if one.id != document_id][:MAX_SHOWN]
    return Duplicates(cluster_id=cluster_id, first_seen=seen[0], items=others)
