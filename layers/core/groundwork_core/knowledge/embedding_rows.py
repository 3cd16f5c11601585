"""The embeddings of results as rows to store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from groundwork_core.embeddings.ports import EmbeddingRow
from groundwork_core.knowledge.result_2 import DOCUMENT, ExtractionResult2
from groundwork_core.knowledge.statements import EntityKey, Stated


def list_embeddings(stated: Sequence[Stated], ids: Mapping[EntityKey, UUID]) -> list[EmbeddingRow]:
    """Return one vector per subject and model; that of the last result counts."""
    rows: dict[tuple[UUID, str], EmbeddingRow] = {}
    for result, origin in stated:
        if not isinstance(result, ExtractionResult2):
            continue
        by_ref = {entity.ref: ids[entity.type, entity.key] for entity in result.entities}
        for one in result.embeddings:
            entity = by_ref.get(one.subject)
            subject = origin.document_id if one.subject == DOCUMENT else entity
            if subject is None:
                continue
            kind = "document" if one.subject == DOCUMENT else "entity"
            rows[subject, one.model] = EmbeddingRow(kind, subject, one.model, one.vector)
    return [rows[key] for key in sorted(rows)]
