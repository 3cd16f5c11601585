"""Documents and their revisions in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.types.json import Jsonb

from groundwork_core.documents.model import Entry, StoredDocument

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

KNOWN = """
SELECT external_id, content_hash FROM documents
WHERE source_id = %s AND external_id = ANY(%s)
"""
# One statement: RETURNING gives the state before the update, which becomes the old revision.
PUT = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(entries)s) AS x(
        external_id text, url text, title text, author text, summary text, content text,
        language text, published_at timestamptz, content_hash text, metadata jsonb,
        enclosures jsonb)
), stored AS (
    INSERT INTO documents AS d (source_id, external_id, url, title, author, summary, content,
        language, published_at, content_hash, metadata, enclosures)
    SELECT %(source_id)s, external_id, url, title, author, summary, content, language, published_at,
        content_hash, metadata, enclosures
    FROM incoming ORDER BY external_id
    ON CONFLICT (source_id, external_id) DO UPDATE SET
        url = excluded.url, title = excluded.title, author = excluded.author,
        summary = excluded.summary, content = excluded.content, language = excluded.language,
        published_at = excluded.published_at, content_hash = excluded.content_hash,
        metadata = excluded.metadata, enclosures = excluded.enclosures,
        revision = d.revision + 1
    WHERE d.content_hash <> excluded.content_hash
    RETURNING new.id, new.revision, old.revision AS old_revision, old.content_hash AS old_hash,
        CASE WHEN old.id IS NOT NULL THEN jsonb_build_object(
            'url', old.url, 'title', old.title, 'author', old.author, 'summary', old.summary,
            'content', old.content, 'language', old.language, 'published_at', old.published_at,
            'metadata', old.metadata, 'enclosures', old.enclosures) END AS old_state
), kept AS (
    INSERT INTO document_revisions (document_id, revision, content_hash, state)
    SELECT id, old_revision, old_hash, old_state FROM stored WHERE old_state IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT id, revision FROM stored
"""
STATED = """
SELECT external_id, coalesce(url, ''), title, published_at
FROM documents WHERE source_id = %s AND external_id = ANY(%s)
"""
RENAME = """
UPDATE documents d SET external_id = x.new
FROM unnest(%s::text[], %s::text[]) AS x(old, new)
WHERE d.source_id = %s AND d.external_id = x.old
"""


class PostgresDocuments:
    """Implements `DocumentStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def known(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, str]:
        """Return the content hashes of the documents that exist, by external id."""
        return dict(self._connection.execute(KNOWN, [source_id, list(external_ids)]).fetchall())

    def put(self, source_id: UUID, entries: Sequence[Entry]) -> list[StoredDocument]:
        """Insert new documents, revise changed ones, and keep their old state as a revision."""
        rows = [
            {
                "external_id": entry.external_id,
                "url": entry.address(),
                "title": entry.title,
                "author": entry.author,
                **dict(zip(("summary", "content"), entry.texts(), strict=True)),
                "language": entry.language,
                "published_at": entry.published_at.isoformat() if entry.published_at else None,
                "content_hash": entry.content_hash(),
                "metadata": entry.metadata(),
                "enclosures": entry.files(),
            }
            for entry in entries
        ]
        stored = self._connection.execute(PUT, {"source_id": source_id, "entries": Jsonb(rows)})
        return [StoredDocument(*row) for row in stored.fetchall()]

    def stated(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return link, title and date (ISO 8601, UTC) of the documents that exist."""
        rows = self._connection.execute(STATED, [source_id, list(external_ids)]).fetchall()
        return {
            key: (url, title, at.astimezone(UTC).isoformat() if at else "")
            for key, url, title, at in rows
        }

    def rename(self, source_id: UUID, external_ids: Mapping[str, str]) -> None:
        """Change external ids of a source's documents; `external_ids` maps old ids to new ones."""
        if external_ids:
            olds, news = list(external_ids), list(external_ids.values())
            self._connection.execute(RENAME, [olds, news, source_id])
