"""Embeddings in Postgres, searched with pgvector through one index per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.embeddings.ports import KnownModel, Neighbour

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

CANDIDATES_MIN = 100
"""Least number of candidates from the approximate index, among which the nearest are exact."""

KNOWN = """
SELECT m.dimensions,
    (SELECT e.vector::text FROM embeddings e
        WHERE e.subject_id = %(subject_id)s::uuid AND e.model = m.name),
    set_config('hnsw.ef_search', %(candidates)s, true),
    set_config('hnsw.iterative_scan', 'strict_order', true)
FROM embedding_models m WHERE m.name = %(model)s
"""


def nearest_sql(model: str, dimensions: int) -> str:
    """Return the query for the nearest. The index serves it only with literals for the model.

    Model names contain no quotes: a constraint of the table and their type forbid it.
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
        self._connection = connection

    def learn_model(self, model: str, dimensions: int) -> None:
        """Register a model, and create its index if the model is new."""
        self._connection.execute(
            "SELECT groundwork_learn_embedding_model(%s, %s)", [model, dimensions]
        )

    def known(self, model: str, subject_id: UUID | None, count: int) -> KnownModel | None:
        """Return a model's dimensions and its vector of a subject; set the index's search depth."""
        row = self._connection.execute(
            KNOWN,
            {"model": model, "subject_id": subject_id, "candidates": str(_candidates(count))},
        ).fetchone()
        return None if row is None else KnownModel(row[0], row[1])

    def nearest(
        self, model: str, known: KnownModel, vector: str, besides: UUID | None, count: int
    ) -> list[Neighbour]:
        """Return the nearest subjects: candidates from the index, then in exact order."""
        rows = self._connection.execute(
            nearest_sql(model, known.dimensions),
            {
                "vector": vector,
                "candidates": _candidates(count),
                "besides": besides,
                "count": count,
            },
            # Not prepared: the plan is cheap, and each model has a text of its own.
            prepare=False,
        ).fetchall()
        return [Neighbour(*row) for row in rows]


def _candidates(count: int) -> int:
    return max(CANDIDATES_MIN, 2 * (count + 1))
