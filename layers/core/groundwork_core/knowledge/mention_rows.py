"""Rows of the table `mentions` for results: author, statement, confidence and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from groundwork_core.knowledge.model import (
    MentionOfRef,
    StatedEntity,
    StatedMention,
    StatedRelationship,
    StatedResult,
)
from groundwork_core.knowledge.result_2 import (
    EvidencedEntity,
    EvidencedMention,
    EvidencedRelationship,
    ExtractionResult2,
    StatedBy,
)
from groundwork_core.knowledge.statements import EdgeKey, EntityKey, Stated, edge_key

Subject = tuple[UUID | None, UUID | None]
"""(entity, relationship); one of them is set."""
Statement = StatedEntity | StatedRelationship


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A mention to insert; exactly one of the two subjects is set."""

    document_id: UUID
    revision: int
    job_id: UUID
    entity_id: UUID | None
    relationship_id: UUID | None
    role: str
    evidence: str
    confidence: float
    subject_confidence: float
    """The result's confidence in the entity or relationship itself."""
    stated_by: dict[str, str]


def list_mentions(
    stated: Sequence[Stated], ids: Mapping[EntityKey, UUID], edge_ids: Mapping[EdgeKey, UUID]
) -> list[MentionRow]:
    """Return a row for each mention in a document, without repetitions.

    An entity or relationship that the result does not mention gets a row without a role, so that
    each statement has a row.
    """
    rows: dict[tuple[UUID, Subject, str], MentionRow] = {}
    for result, origin in stated:
        if origin.document_id is None:
            continue
        subjects = _subjects(result, ids, edge_ids)
        sure: dict[Subject, float] = {}
        for statement, subject in subjects:
            sure[subject] = max(sure.get(subject, 0.0), statement.confidence)
        by_ref = {one.ref: (one, subject) for one, subject in subjects if one.ref is not None}
        mentioned = {mention.ref for mention in result.mentions}
        said = [
            (mention, *by_ref[mention.ref]) for mention in result.mentions if mention.ref in by_ref
        ]
        unsaid = [(None, one, subject) for one, subject in subjects if one.ref not in mentioned]
        for mention, statement, subject in [*said, *unsaid]:
            role = "" if mention is None else mention.role
            entity_id, relationship_id = subject
            rows.setdefault(
                (origin.document_id, subject, role),
                MentionRow(
                    document_id=origin.document_id,
                    revision=origin.revision,
                    job_id=origin.job_id,
                    entity_id=entity_id,
                    relationship_id=relationship_id,
                    role=role,
                    evidence=_evidence(mention, statement),
                    confidence=_confidence(mention, statement),
                    subject_confidence=sure[subject],
                    stated_by=_stated_by(mention, statement, result),
                ),
            )
    return list(rows.values())


def _subjects(
    result: StatedResult, ids: Mapping[EntityKey, UUID], edge_ids: Mapping[EdgeKey, UUID]
) -> list[tuple[Statement, Subject]]:
    """Return the statements of a result, except relationships that were left out."""
    by_ref = {entity.ref: ids[entity.type, entity.key] for entity in result.entities}
    found: list[tuple[Statement, Subject]] = [
        (entity, (by_ref[entity.ref], None)) for entity in result.entities
    ]
    for edge in result.relationships:
        edge_id = edge_ids.get(edge_key(edge, by_ref))
        if edge_id is not None:
            found.append((edge, (None, edge_id)))
    return found


def _evidence(mention: MentionOfRef | None, statement: Statement) -> str:
    if mention is not None and mention.evidence:
        return mention.evidence
    if isinstance(statement, EvidencedEntity | EvidencedRelationship):
        return statement.evidence
    return ""


def _confidence(mention: MentionOfRef | None, statement: Statement) -> float:
    if isinstance(mention, StatedMention):
        return mention.confidence
    if isinstance(mention, EvidencedMention) and mention.confidence is not None:
        return mention.confidence
    return statement.confidence


def _stated_by(
    mention: MentionOfRef | None, statement: Statement, result: StatedResult
) -> dict[str, str]:
    """Return the worker, model and version of a mention.

    Model and version come from the mention, else from the statement, else from the result.
    """
    named: StatedBy | None = None
    if isinstance(mention, EvidencedMention):
        named = mention.stated_by
    if named is None and isinstance(statement, EvidencedEntity | EvidencedRelationship):
        named = statement.stated_by
    if named is None and isinstance(result, ExtractionResult2):
        named = result.stated_by
    found = {"worker": result.worker}
    if named is not None:
        found |= {name: value for name, value in named.model_dump().items() if value}
    return found
