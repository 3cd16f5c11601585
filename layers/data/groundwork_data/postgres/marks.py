"""Marks of documents in Postgres: hash, cluster and detected language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.duplicates.list_duplicates import SeenDocument
from groundwork_core.duplicates.ports import Mark, NearDocument, UnmarkedDocument
from groundwork_core.duplicates.simhash import BAND_BITS, bands_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.database import Database

BEGIN = "SELECT pg_try_advisory_xact_lock(hashtext('groundwork.document_marks'))"
UNMARKED = """
SELECT d.id, d.revision, d.title, d.summary, d.content, d.language IS NOT NULL
FROM (SELECT document_id FROM document_marks WHERE cluster_id IS NULL
      ORDER BY document_id LIMIT %s) w
JOIN documents d ON d.id = w.document_id ORDER BY d.id
"""
# Each band is read from an index of its own. Of a band that thousands share, only a part is read.
_BAND = """(SELECT document_id, simhash, cluster_id FROM document_marks
        WHERE band_{0} = %(b{0})s LIMIT 2000)"""
NEAR = f"""
SELECT simhash, cluster_id FROM (
    {" UNION ".join(_BAND.format(number) for number in range(len(BAND_BITS)))}
) near
WHERE cluster_id IS NOT NULL AND document_id <> %(id)s
    AND bit_count((simhash # %(hash)s::bigint)::bit(64)) <= %(most)s
ORDER BY bit_count((simhash # %(hash)s::bigint)::bit(64)), document_id LIMIT 5
"""  # noqa: S608 - its parts are constants
MARK = """
UPDATE document_marks SET simhash = %s, band_0 = %s, band_1 = %s, band_2 = %s, band_3 = %s,
    band_4 = %s, band_5 = %s, cluster_id = %s, language = %s
WHERE document_id = %s
    AND (SELECT revision FROM documents d WHERE d.id = document_id) = %s
"""
CLUSTER = """
WITH own AS (SELECT cluster_id FROM document_marks WHERE document_id = %(id)s)
SELECT (SELECT cluster_id FROM own), d.id, d.source_id, s.name, d.url, d.title, d.published_at,
    d.created_at
FROM documents d JOIN sources s ON s.id = d.source_id
WHERE d.id = %(id)s OR d.id IN (
    SELECT m.document_id FROM document_marks m WHERE m.cluster_id = (SELECT cluster_id FROM own)
    ORDER BY m.document_id LIMIT %(limit)s)
ORDER BY d.created_at, d.id
"""
_SIGN = 1 << 63


class PostgresMarks:
    """Implements `MarkStore`, inside a transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def begin(self) -> bool:
        """Lock the comparison until the transaction ends; False if it is locked already."""
        row = self._connection.execute(BEGIN).fetchone()
        return bool(row and row[0])

    def unmarked(self, limit: int) -> list[UnmarkedDocument]:
        """Return documents that have not been compared yet, oldest first."""
        rows = self._connection.execute(UNMARKED, (limit,)).fetchall()
        return [UnmarkedDocument(*row) for row in rows]

    def near(self, document_id: UUID, simhash: int, most_bits: int) -> Sequence[NearDocument]:
        """Return other documents in a common band within `most_bits` bits, nearest first."""
        bands = {f"b{number}": band for number, band in enumerate(bands_of(simhash))}
        rows = self._connection.execute(
            NEAR, {"id": document_id, "hash": _signed(simhash), "most": most_bits, **bands}
        ).fetchall()
        return [NearDocument(row[0] % (1 << 64), row[1]) for row in rows]

    def mark(self, marks: Sequence[Mark]) -> None:
        """Store marks; a document that was changed in the meantime remains unmarked."""
        for one in marks:
            hash_ = one.simhash
            bands: tuple[int | None, ...] = (
                (None,) * len(BAND_BITS) if hash_ is None else bands_of(hash_)
            )
            self._connection.execute(
                MARK,
                (
                    None if hash_ is None else _signed(hash_),
                    *bands,
                    one.cluster_id,
                    one.language,
                    one.document_id,
                    one.revision,
                ),
            )


class PostgresClusters:
    """Implements `ClusterOf`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, document_id: UUID, limit: int) -> tuple[UUID | None, list[SeenDocument]]:
        """Return the cluster of a document and its documents, earliest first."""
        rows = self._database.rows(CLUSTER, {"id": document_id, "limit": limit})
        seen = [
            SeenDocument(
                id=id_,
                source_id=source_id,
                source=source,
                url=url,
                title=title,
                published_at=published_at,
                seen_at=seen_at,
            )
            for _, id_, source_id, source, url, title, published_at, seen_at in rows
        ]
        return (rows[0][0] if rows else None), seen


def _signed(hash_: int) -> int:
    """Return a hash as a signed number, for Postgres' bigint."""
    return hash_ - (1 << 64) if hash_ & _SIGN else hash_
