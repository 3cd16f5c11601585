"""The statements of a search for similar vectors, which find enough results despite a filter.

A vector index cannot filter: it returns neighbours, and those that do not match the filter are
dropped. With hnsw.iterative_scan the search continues until enough have matched, or SCANNED_MAX
were read. If only few embeddings match the filter, all of them are compared instead.
"""

# ruff: noqa: S608 - texts are constants, model names as `nearest_sql` says, dimensions a number
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_core.embeddings.ports import Among

CANDIDATES = 800
"""Number of vectors that the approximate index looks for at a time; without a filter, all of them
are candidates, among which the nearest are exact. Among a million vectors, 100 lost a quarter of
the ten nearest (docs/benchmarks/embeddings.md)."""
MATCHES = 50
"""Number of candidates that must match a filter; the index is read on until it is reached."""
FEW = 25_000
"""Up to so many matching vectors are all compared: 384 dimensions take about 3 µs each."""
MANY = 30_000
"""If Postgres estimates so many matches, the index is used at once."""
SCANNED_MAX = 40_000
"""The most vectors that the index returns: enough for 100 matches if one in 400 matches."""

KNOWN = """
SELECT m.dimensions,
    (SELECT e.vector::text FROM embeddings e
        WHERE e.subject_id = %(subject_id)s::uuid AND e.model = m.name),
    set_config('hnsw.ef_search', %(ef_search)s, true),
    set_config('hnsw.iterative_scan', 'relaxed_order', true),
    set_config('hnsw.max_scan_tuples', %(scanned)s, true)
FROM embedding_models m WHERE m.name = %(model)s
"""
_SAID_AT = "coalesce(d.published_at, d.created_at)"
_TABLES = {"document": "documents", "entity": "entities", "content": "contents"}
_CREATED = {
    "after": "s.created_at >= %(after)s",
    "before": "s.created_at < %(before)s",
}
# Two conditions, so that each can use its own index.
_PUBLISHED = {
    "after": "(s.published_at >= %(after)s"
    " OR s.published_at IS NULL AND s.created_at >= %(after)s)",
    "before": "(s.published_at < %(before)s"
    " OR s.published_at IS NULL AND s.created_at < %(before)s)",
}
_OF_SUBJECTS = {
    "subject_ids": "s.id = ANY(%(subject_ids)s)",
    "entity_type": "s.type = %(entity_type)s",
    "source_id": "s.source_id = %(source_id)s",
}
_TIME = """coalesce(
    (SELECT coalesce(s.published_at, s.created_at) FROM documents s WHERE s.id = e.document_id),
    (SELECT s.created_at FROM entities s WHERE s.id = e.entity_id),
    (SELECT s.created_at FROM contents s WHERE s.id = e.content_id))"""


def candidates(count: int, *, filtered: bool) -> int:
    """Return how many candidates to take from the index for `count` results."""
    return max(MATCHES if filtered else CANDIDATES, 2 * (count + 1))


def depth(count: int) -> dict[str, str]:
    """Return the parameters of KNOWN that set how far the index searches."""
    wanted = candidates(count, filtered=False)
    return {"ef_search": str(min(wanted, 1_000)), "scanned": str(SCANNED_MAX)}


def kinds_of(among: Among) -> tuple[str, ...]:
    """Return the kinds of subjects that can match a filter."""
    kinds = set(_TABLES) if among.subject_type is None else {among.subject_type}
    if among.entity_type is not None:
        kinds &= {"entity"}
    if among.source_id is not None:
        kinds &= {"document"}
    return tuple(kind for kind in _TABLES if kind in kinds)


def _of_subjects(among: Among, kind: str) -> str:
    """Return the conditions on a subject `s` of one kind; empty if there are none."""
    times = _PUBLISHED if kind == "document" else _CREATED
    texts = _OF_SUBJECTS | times
    return " AND ".join(
        text for name, text in texts.items() if getattr(among, name, None) is not None
    )


def matching_sql(among: Among, most: int | None = None) -> str:
    """Return the statement that compares up to `most` embeddings that match the filter.

    Each kind of subject is read from its own indexes, so that few subjects are found without
    reading all. Vectors are not part of the result, which is materialized.
    """
    limit = "" if most is None else f" LIMIT {most}"
    parts = []
    for kind in kinds_of(among):
        of_subjects = _of_subjects(among, kind)
        joined = f"JOIN {_TABLES[kind]} s ON s.id = e.{kind}_id" if of_subjects else ""
        parts.append(
            "(SELECT e.id, e.subject_type, e.subject_id,"
            f" e.vector <=> %(vector)s::vector AS distance FROM embeddings e {joined}"
            f" WHERE e.model = %(model)s AND e.subject_type = '{kind}'"
            f"{' AND ' if of_subjects else ''}{of_subjects}{limit})"
        )
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) matching{limit}"


def estimate_sql(among: Among) -> str:
    """Return the statement whose plan has an estimate of the number of embeddings that match."""
    return f"EXPLAIN (FORMAT JSON) {matching_sql(among)}"


def exact_sql(among: Among, most: int | None = None) -> str:
    """Return the statement that compares all embeddings that match.

    With `most`, it compares `most` + 1 at most; the last column is how many these were.
    """
    matching = matching_sql(among, None if most is None else most + 1)
    return f"""
WITH matching AS MATERIALIZED ({matching})
SELECT id, subject_type, subject_id, 1 - distance, (SELECT count(*) FROM matching)
FROM matching WHERE subject_id IS DISTINCT FROM %(besides)s::uuid
ORDER BY distance, id LIMIT %(count)s
"""


def _of_rows(among: Among) -> str:
    """Return the filter on an embedding `e` from the vector index."""
    found = ["e.subject_type = %(subject_type)s"] if among.subject_type is not None else []
    kinds = kinds_of(among)
    if len(kinds) == 1 and (of_subjects := _of_subjects(among, kinds[0])):
        (kind,) = kinds
        found.append(
            f"EXISTS (SELECT FROM {_TABLES[kind]} s WHERE s.id = e.{kind}_id AND {of_subjects})"
        )
    elif len(kinds) > 1:
        if among.subject_ids is not None:
            found.append("e.subject_id = ANY(%(subject_ids)s)")
        if among.after is not None:
            found.append(f"{_TIME} >= %(after)s")
        if among.before is not None:
            found.append(f"{_TIME} < %(before)s")
    return "".join(f" AND {text}" for text in found)


def nearest_sql(model: str, dimensions: int, among: Among | None = None) -> str:
    """Return the query for the nearest vectors.

    The model is a literal, because the index is used only then. Model names contain no quotes: a
    constraint of the table and their type forbid it.
    """
    form = f"halfvec({int(dimensions)})"
    return f"""
SELECT id, subject_type, subject_id, 1 - (vector <=> %(vector)s::vector)
FROM (
    SELECT e.id, e.subject_type, e.subject_id, e.vector FROM embeddings e
    WHERE e.model = '{model}'{_of_rows(among) if among else ""}
    ORDER BY l2_normalize(e.vector)::{form} <#> l2_normalize(%(vector)s::vector)::{form}
    LIMIT %(candidates)s
) near
WHERE subject_id IS DISTINCT FROM %(besides)s::uuid
ORDER BY vector <=> %(vector)s::vector, id LIMIT %(count)s
"""
