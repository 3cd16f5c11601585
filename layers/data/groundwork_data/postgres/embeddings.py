"""Embeddings in Postgres, searched with pgvector through one index per model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from psycopg.errors import ForeignKeyViolation

from groundwork_core.embeddings.ports import (
    EVERYTHING,
    Among,
    EmbeddingRow,
    KnownModel,
    Neighbour,
    Subject,
)
from groundwork_core.errors import Unavailable
from groundwork_core.resources.bulk import Upserted
from groundwork_data.postgres.embedding_search_sql import (
    FEW,
    KNOWN,
    MANY,
    candidates,
    depth,
    estimate_sql,
    exact_sql,
    kinds_of,
    nearest_sql,
)

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

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

    def existing(self, subjects: Collection[Subject]) -> set[Subject]:
        """Return which subjects exist, and lock them until the transaction ends."""
        found: set[Subject] = set()
        for kind, hold in HOLD.items():
            ids = [id_ for one, id_ in subjects if one == kind]
            if ids:
                found |= {(kind, row[0]) for row in self._connection.execute(hold, [ids])}
        return found

    def put(self, rows: Sequence[EmbeddingRow]) -> list[Upserted]:
        """Store vectors by subject and model, except vectors that equal the stored one."""
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
            raise Unavailable("A subject was deleted at the same time; retry.") from error
        found = {(subject, model): Upserted(id_, to) for id_, subject, model, to in done}
        return [found[row.subject_id, row.model] for row in rows]

    def known(self, model: str, subject_id: UUID | None, count: int) -> KnownModel | None:
        """Return a model's dimensions and its vector of a subject; set the index's search depth."""
        given = {"model": model, "subject_id": subject_id, **depth(count)}
        row = self._connection.execute(KNOWN, given).fetchone()
        return None if row is None else KnownModel(row[0], row[1])

    def nearest(
        self,
        model: str,
        known: KnownModel,
        vector: str,
        *,
        besides: UUID | None,
        among: Among,
        count: int,
    ) -> list[Neighbour]:
        """Return the nearest subjects: from the index, or by comparing all if few match."""
        given = {
            "vector": vector,
            "model": model,
            "candidates": candidates(count, filtered=among != EVERYTHING),
            "besides": besides,
            "count": count,
            **asdict(among),
        }
        given["subject_ids"] = list(among.subject_ids or ())
        if among == EVERYTHING:
            return _neighbours(self._rows(nearest_sql(model, known.dimensions), given))
        if not kinds_of(among):
            return []
        if self._estimated(among, given) < MANY:
            rows = self._rows(exact_sql(among, FEW), given)
            if not rows or rows[0][-1] <= FEW:
                return _neighbours(rows)
        found = _neighbours(self._rows(nearest_sql(model, known.dimensions, among), given))
        if len(found) < count:
            # All matches are far from the vector: the index stopped before it had found enough.
            return _neighbours(self._rows(exact_sql(among), given))
        return found

    def _estimated(self, among: Among, given: dict[str, object]) -> float:
        """Return how many embeddings match, as Postgres estimates it; that takes 1 ms."""
        ((plan,),) = self._rows(estimate_sql(among), given)
        return float(plan[0]["Plan"]["Plan Rows"])

    def _rows(self, statement: str, given: dict[str, object]) -> list[TupleRow]:
        # Not prepared: the plan is cheap, and each model has a text of its own.
        return self._connection.execute(statement, given, prepare=False).fetchall()


def _neighbours(rows: Sequence[TupleRow]) -> list[Neighbour]:
    return [Neighbour(*row[:4]) for row in rows]
