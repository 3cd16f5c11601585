"""Add documents to leased jobs, so that workers need no second request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from groundwork_core.jobs.lease_rules import LEASED_BYTES_MAX
from groundwork_core.jobs.ports import LeasedDocuments


def include_documents(leased: Sequence[str], *, documents: LeasedDocuments) -> list[str]:
    """Add `document` and `source` to the JSON of leased jobs.

    Both are null if a job has no document, or if the response would exceed LEASED_BYTES_MAX.
    """
    ids = [_document_of(job) for job in leased]
    left = LEASED_BYTES_MAX - sum(len(job.encode()) for job in leased)
    found = documents.of({one for one in ids if one is not None}, left) if left > 0 else {}
    return [
        _with(job, found[document_id].document, found[document_id].source)
        if document_id in found
        else _with(job, "null", "null")
        for job, document_id in zip(leased, ids, strict=True)
    ]


def _document_of(job: str) -> UUID | None:
    document_id = json.loads(job)["document_id"]
    return UUID(document_id) if document_id else None


def _with(job: str, document: str, source: str) -> str:
    return f'{job.removesuffix("}")},"document":{document},"source":{source}}}'
