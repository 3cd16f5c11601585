"""Embeddings in Postgres, searched with pgvector through one index per model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from psycopg.errors import ForeignKeyViolation

from groundwork_core.embeddings.ports import EmbeddingRow, KnownModel, Neighbour
from groundwork_core.errors import Unavailable
from groundwork_core.resources.bulk import Upserted

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


MODELS = "SELECT name, dimensions FROM embedding_models"
HOLD = {
    "entity": "SELECT id FROM entities WHERE id = ANY(%s) ORDER BY type, key, id FOR KEY SHARE",
    "document": "SELECT id FROM documents WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
    "content": "SELECT id FROM contents WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
}
# In the order of subjects, so that two writers of the same vectors wait instead of deadlocking.
PUT = """
WITH incoming AS (
    SELECT subject_type, subject_id, model, vector::vector
    FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::text[])
        AS i(subject_type, subject_id, model, vector)
), known AS (
    SELECT e.id, e.subject_id, e.model FROM incoming i
    JOIN embeddings e ON e.subject_id = i.subject_id AND e.model = i.model
    WHERE e.vector = i.vector
), written AS (
    INSERT INTO embeddings AS e (subject_type, subject_id, model, vector)
    SELECT i.* FROM incoming i WHERE NOT EXISTS (
        SELECT FROM known k WHERE k.subject_id = i.subject_id AND k.model = i.model)
    ORDER BY i.subject_id, i.model
    ON CONFLICT (subject_id, model) DO UPDATE SET vector = excluded.vector
    RETURNING e.id, e.subject_id, e.model,
        CASE e.version WHEN 1 THEN 'created' ELSE 'updated' END AS outcome
)
SELECT id, subject_id, model, 'unchanged' FROM known
UNION ALL SELECT id, subject_id, model, outcome FROM written
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

    def models(self) -> dict[str, int]:
        """Return the dimensions of every registered model."""
        return dict(self._connection.execute(MODELS).fetchall())

    def existing(self, subjects: Collection[tuple[str, UUID]]) -> set[UUID]:
        """Return which subjects exist, and keep them until the transaction ends."""
        found: set[UUID] = set()
        for kind, hold in HOLD.items():
            ids = [id_ for one, id_ in subjects if one == kind]
            if ids:
                found |= {row[0] for row in self._connection.execute(hold, [ids])}
        return found

    def put(self, rows: Sequence[EmbeddingRow]) -> list[Upserted]:
        """Store vectors by subject and model; those that are stored already are not written."""
        if not rows:
            return []
        columns = [
            [row.subject_type for row in rows],
            [row.subject_id for row in rows],
            [row.model for row in rows],
            [str(list(row.vector)) for row in rows],
        ]
        try:
            done = self._connection.execute(PUT, columns, prepare=False).fetchall()
        except ForeignKeyViolation as error:
            raise Unavailable("A subject was deleted meanwhile.") from error
        found = {(subject, model): Upserted(id_, to) for id_, subject, model, to in done}
        return [found[row.subject_id, row.model] for row in rows]

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
