"""Read the documents of leased jobs, and their sources, as JSON that Postgres makes."""

# ruff: noqa: S608 - its parts are constants
from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.jobs.ports import LeasedDocument
from groundwork_core.sources.resource import SOURCES
from groundwork_data.postgres.resource_sql import shown_columns

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

# Documents that are leased together often have one source, whose state takes time to read.
DOCUMENTS_AND_SOURCES = f"""
WITH read AS MATERIALIZED (
    SELECT t.id, t.source_id,
        (SELECT row_to_json(shown)::text FROM (SELECT {shown_columns(DOCUMENTS)}) shown) AS text
    FROM documents t WHERE t.id = ANY($1::uuid[])),
fits AS MATERIALIZED (
    SELECT id, source_id, text, sum(octet_length(text)) OVER (ORDER BY id) AS so_far FROM read),
named AS MATERIALIZED (
    SELECT t.id,
        (SELECT row_to_json(shown)::text FROM (SELECT {shown_columns(SOURCES)}) shown) AS text
    FROM sources t WHERE t.id IN (SELECT source_id FROM read))
SELECT f.id::text, f.text, n.text FROM fits f JOIN named n ON n.id = f.source_id
WHERE f.so_far <= $2
"""


class PostgresLeasedDocuments:
    """Implements `LeasedDocuments`."""

    def __init__(self, database: Database) -> None:
        """`database` must not be in a transaction."""
        self._database = database

    def of(self, document_ids: Collection[UUID], bytes_max: int) -> dict[UUID, LeasedDocument]:
        """Return documents that exist, as many as fit."""
        if not document_ids:
            return {}
        ids = "{" + ",".join(map(str, document_ids)) + "}"
        rows = self._database.texts(DOCUMENTS_AND_SOURCES, (ids, bytes_max))
        return {
            UUID(id_): LeasedDocument(str(document), str(source)) for id_, document, source in rows
        }
