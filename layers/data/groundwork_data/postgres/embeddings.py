"""Embeddings in Postgres: pgvector finds what is near by an index of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.embeddings.ports import KnownModel, Neighbour

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

CANDIDATES_MIN = 100
"""An index answers nearly the nearest; of so many at least, the nearest are picked exactly."""

KNOWN = """
SELECT m.dimensions,
    (SELECT e.vector::text FROM embeddings e
        WHERE e.subject_id = %(subject_id)s::uuid AND e.model = m.name),
    set_config('hnsw.ef_search', %(candidates)s, true),
    set_config('hnsw.iterative_scan', 'strict_order', true)
FROM embedding_models m WHERE m.name = %(model)s
"""


def nearest_sql(model: str, dimensions: int) -> str:
    """Say the statement. The model's index serves it only if both stand in the text.

    Model names have no quotes in them, by a constraint of the table and by their type.
    """
    form = f"halfvec({int(dimensions)})"
    return f"""
SELECT id, subject_type, subject_id, 1 - (vector <=> %(vector)s::vector) AS score
FROM (
    SELECT id, subject_type, subject_id, vector FROM embeddings
    WHERE model = '{model}'
    ORDER BY l2_normalize(vector)::{form} <#> l2_normalize(%(vector)s::vector)::{form}
    LIMIT %(candidates)s
) near
WHERE subject_id IS DISTINCT FROM %(besides)s::uuid
ORDER BY vector <=> %(vector)s::vector, id LIMIT %(count)s
"""  # noqa: S608 - as the docstring says


class PostgresEmbeddings:
    """Implements `EmbeddingStore`."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Take the connection of a running transaction."""
        self._connection = connection

    def learn_model(self, model: str, dimensions: int) -> None:
        """Know a model, and make its index if it is new."""
        self._connection.execute(
            "SELECT groundwork_learn_embedding_model(%s, %s)", [model, dimensions]
        )

    def known(self, model: str, subject_id: UUID | None, count: int) -> KnownModel | None:
        """Return what is known of a model, and tell the index how far to look."""
        row = self._connection.execute(
            KNOWN,
            {"model": model, "subject_id": subject_id, "candidates": str(_candidates(count))},
        ).fetchone()
        return None if row is None else KnownModel(row[0], row[1])

    def nearest(
        self, model: str, known: KnownModel, vector: str, besides: UUID | None, count: int
    ) -> list[Neighbour]:
        """Return the nearest: nearly all of them by the index, in exact order."""
        rows = self._connection.execute(
            nearest_sql(model, known.dimensions),
            {
                "vector": vector,
                "candidates": _candidates(count),
                "besides": besides,
                "count": count,
            },
            # Nothing to keep: the plan is cheap, and there is a text for each model.
            prepare=False,
        ).fetchall()
        return [Neighbour(*row) for row in rows]


def _candidates(count: int) -> int:
    return max(CANDIDATES_MIN, 2 * (count + 1))
