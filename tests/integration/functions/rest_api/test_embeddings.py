"""Embeddings: each model has one number of dimensions and one index for searches."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_data.postgres.embedding_search_sql import nearest_sql

from .conftest import Reply, Rest

PATH = "/api/v1/embeddings"
SEARCH = f"{PATH}/search"


def subject(rest: Rest, name: str = "A") -> str:
    made: str = rest.create("entities", name=name, type="topic").json["id"]
    return made


def embed(rest: Rest, subject_id: str, *vector: float, model: str = "m") -> Reply:
    body = {"subject_type": "entity", "subject_id": subject_id, "model": model, "vector": vector}
    return rest("POST", PATH, body)


def test_a_vector_is_stored_as_sent(rest: Rest) -> None:
    known = subject(rest)
    made = embed(rest, known, 0.1, -0.25, 3)
    assert made.status == 201, made.text
    assert made.json["vector"] == [0.1, -0.25, 3]
    assert set(made.json) == {
        *("id", "version", "created_at", "updated_at"),
        *("subject_type", "subject_id", "model", "vector"),
    }
    changed = rest("PATCH", made.location, {"vector": [1, 2, 3]}, headers={"If-Match": made.etag})
    assert (changed.status, changed.json["vector"]) == (200, [1, 2, 3])
    for query in ({"subject_id": known}, {"model": "m"}, {"subject_type": "entity"}):
        assert len(rest("GET", PATH, query=query).json["items"]) == 1
    assert rest("GET", PATH, query={"model": "other"}).json["items"] == []
    assert rest("DELETE", made.location, headers={"If-Match": changed.etag}).status == 204


def test_a_subject_has_one_embedding_for_each_model(rest: Rest) -> None:
    known = subject(rest)
    assert embed(rest, known, 1).status == 201
    again = embed(rest, known, 2)
    assert (again.status, again.pointers) == (409, {"/subject_id"})
    assert embed(rest, known, 1, 2, model="vendor/other-model:v1.5").status == 201


def test_a_vector_that_does_not_fit_its_model_is_refused(rest: Rest) -> None:
    made = embed(rest, subject(rest), 1, 2, 3)
    reply = embed(rest, subject(rest), 1, 2)
    assert (reply.status, reply.pointers) == (422, {"/vector"})
    assert "3 dimensions" in reply.json["errors"][0]["detail"]
    patch = rest("PATCH", made.location, {"vector": [1]}, headers={"If-Match": made.etag})
    assert (patch.status, patch.pointers) == (422, {"/vector"})


@pytest.mark.parametrize(
    "vector", [[], [0, 0], [1e-60, 0], ["NaN"], [1e39], [None], [1.0] * 4_001, "1,2", [[1]]]
)
def test_an_unknown_direction_is_refused(shared_rest: Rest, vector: Any) -> None:
    body = {"subject_type": "entity", "subject_id": str(uuid4()), "model": "n", "vector": vector}
    reply = shared_rest("POST", PATH, body)
    assert reply.status == 422
    assert all(pointer.startswith("/vector") for pointer in reply.pointers)
    (row,) = shared_rest.database.rows("SELECT count(*) FROM embedding_models WHERE name = 'n'")
    assert row == (0,)


@pytest.mark.parametrize("kind", ["entity", "document", "content"])
def test_an_embedding_of_a_missing_subject_is_refused_and_fixes_no_dimensions(
    shared_rest: Rest, kind: str
) -> None:
    body = {"subject_type": kind, "subject_id": str(uuid4()), "model": "x", "vector": [1]}
    reply = shared_rest("POST", PATH, body)
    assert (reply.status, reply.pointers) == (422, {"/subject_id"})
    (row,) = shared_rest.database.rows("SELECT count(*) FROM embedding_models WHERE name = 'x'")
    assert row == (0,)


@pytest.mark.parametrize("size", [1, 2_001, 4_000])
def test_small_and_large_vectors_are_found(shared_rest: Rest, size: int) -> None:
    model = f"size-{size}"
    vectors = [[1.0] * size, [1.0] * (size - 1) + [-1.0], [1e30] * size, [70_000.0] * size]
    made = [embed(shared_rest, subject(shared_rest), *v, model=model) for v in vectors]
    assert [one.status for one in made] == [201] * 4, made[-1].text
    found = shared_rest("POST", SEARCH, {"model": model, "vector": vectors[0], "k": 4}).json
    assert len(found["items"]) == 4
    assert found["items"][0]["score"] == pytest.approx(1)


def test_an_embedding_is_removed_with_its_subject(rest: Rest) -> None:
    known = subject(rest)
    made = embed(rest, known, 1)
    rest("DELETE", f"/api/v1/entities/{known}", headers={"If-Match": "*"})
    assert rest("GET", made.location).status == 404


def test_an_embedding_is_removed_with_its_content(rest: Rest) -> None:
    made = rest.create("contents", title="T", format="markdown", body="B")
    fields = {"subject_type": "content", "subject_id": made.json["id"], "model": "m"}
    rest.create("embeddings", **fields, vector=[1, 2])
    assert rest("DELETE", made.location, headers={"If-Match": made.etag}).status == 204
    assert rest("GET", "/api/v1/embeddings").json["items"] == []


def test_vectors_of_embeddings_are_in_no_event(rest: Rest) -> None:
    embed(rest, subject(rest), 1)
    (row,) = rest.database.rows("SELECT data FROM outbox WHERE aggregate = 'embeddings'")
    assert row[0].keys() >= {"id", "subject_id", "model"}
    assert row[0].keys().isdisjoint({"vector", "entity_id", "document_id"})


BAD_SEARCHES: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"vector": [1]}, "/model"),
    "an unknown model": ({"model": "none", "vector": [1]}, "/model"),
    "a model that would be SQL": ({"model": "' OR 1=1 --", "vector": [1]}, "/model"),
    "neither": ({"model": "m"}, ""),
    "both": ({"model": "m", "vector": [1, 2], "subject_id": str(uuid4())}, ""),
    "other dimensions": ({"model": "m", "vector": [1]}, "/vector"),
    "a zero": ({"model": "m", "vector": [0, 0]}, "/vector"),
    "a subject without": ({"model": "m", "subject_id": str(uuid4())}, "/subject_id"),
    "too many": ({"model": "m", "vector": [1, 2], "k": 201}, "/k"),
}


@pytest.mark.parametrize("name", BAD_SEARCHES)
def test_an_invalid_search_is_422_with_a_pointer(shared_rest: Rest, name: str) -> None:
    if not shared_rest("GET", PATH, query={"model": "m"}).json["items"]:
        embed(shared_rest, subject(shared_rest), 1, 2)
    body, pointer = BAD_SEARCHES[name]
    reply = shared_rest("POST", SEARCH, body)
    assert (reply.status, reply.pointers) == (422, {pointer})


def test_the_nearest_come_first_and_not_the_subject_itself(rest: Rest) -> None:
    subjects = [subject(rest, name) for name in "abc"]
    vectors: tuple[tuple[float, ...], ...] = ((1, 0), (1, 0.5), (-1, 0))
    for known, vector in zip(subjects, vectors, strict=True):
        embed(rest, known, *vector)
    items = rest("POST", SEARCH, {"model": "m", "vector": [2, 0]}).json["items"]
    assert [one["subject_id"] for one in items] == subjects
    assert [round(one["score"], 3) for one in items] == [1, 0.894, -1]
    like = rest("POST", SEARCH, {"model": "m", "subject_id": subjects[0], "k": 1}).json["items"]
    assert [one["subject_id"] for one in like] == [subjects[1]]


COUNT, SIZE = 3_000, 32


@pytest.fixture(scope="module")
def many(shared_rest: Rest) -> Iterator[psycopg.Connection[Any]]:
    """Vectors in twenty clouds, from a fixed seed."""
    seeded = random.Random(20_261_124)  # noqa: S311 - the same each time is the point
    middles = [[seeded.gauss(0, 1) for _ in range(SIZE)] for _ in range(20)]
    vectors = [
        str([one + seeded.gauss(0, 0.6) for one in middles[n % len(middles)]]) for n in range(COUNT)
    ]
    with psycopg.connect(shared_rest.url, autocommit=True) as connection:
        connection.execute("SELECT groundwork_learn_embedding_model('many', %s)", [SIZE])
        connection.execute(
            "WITH subjects AS (INSERT INTO entities (name, type)"
            " SELECT 'S', 'topic' FROM generate_series(1, %s) RETURNING id), numbered AS"
            " (SELECT id, row_number() OVER () AS n FROM subjects)"
            " INSERT INTO embeddings (subject_type, subject_id, model, vector)"
            " SELECT 'entity', id, 'many', (%s::text[])[n]::vector FROM numbered",
            [COUNT, vectors],
        )
        connection.execute("ANALYZE embeddings")
        yield connection


def plan(connection: psycopg.Connection[Any]) -> str:
    vector = str([1.0] * SIZE)
    given = {"vector": vector, "candidates": 100, "besides": None, "count": 10}
    rows = connection.execute(f"EXPLAIN {nearest_sql('many', SIZE)}", given, prepare=False)
    return "\n".join(row[0] for row in rows)


def test_a_search_is_served_by_the_index_of_its_model(many: psycopg.Connection[Any]) -> None:
    assert "Index Scan using ix_embeddings_near_" in plan(many)


def test_without_the_index_of_its_model_a_search_reads_every_vector(
    many: psycopg.Connection[Any],
) -> None:
    """With the guard disabled."""
    with many.transaction(force_rollback=True):
        (name,) = many.execute(
            "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%''many''%'"
        ).fetchone() or ("",)
        many.execute(f"DROP INDEX {name}")
        assert "ix_embeddings_near_" not in plan(many)


def test_a_search_finds_nearly_all_of_the_nearest(
    shared_rest: Rest, many: psycopg.Connection[Any]
) -> None:
    asked = many.execute(
        "SELECT subject_id::text FROM embeddings WHERE model = 'many' ORDER BY id LIMIT 30"
    ).fetchall()
    found = 0
    for (one,) in asked:
        body = {"model": "many", "subject_id": one, "k": 10}
        got = {item["subject_id"] for item in shared_rest("POST", SEARCH, body).json["items"]}
        exact = many.execute(
            "SELECT e.subject_id::text FROM embeddings e, embeddings s"
            " WHERE s.subject_id = %s AND s.model = 'many' AND e.model = 'many'"
            " AND e.subject_id <> s.subject_id ORDER BY e.vector <=> s.vector LIMIT 10",
            [one],
        )
        found += len(got & {row[0] for row in exact})
    recall = found / (10 * len(asked))
    print(f"recall at 10 of {COUNT} in {SIZE} dimensions: {recall:.3f}")
    assert recall >= 0.9


def at_once(rest: Rest, model: str) -> list[int]:
    """The first vectors of one model, of two and of three dimensions; the statuses."""
    subjects, start = [subject(rest), subject(rest)], threading.Barrier(2)

    def first(which: int) -> int:
        with psycopg.connect(rest.url) as connection:
            # As one request does it; the transaction stays open while the other comes.
            start.wait()
            try:
                connection.execute(
                    "SELECT groundwork_learn_embedding_model(%s, %s)", [model, 2 + which]
                )
                connection.execute(
                    "INSERT INTO embeddings (subject_type, subject_id, model, vector)"
                    " VALUES ('entity', %s, %s, %s)",
                    [UUID(subjects[which]), model, str([1.0] * (2 + which))],
                )
            except psycopg.errors.CheckViolation:
                return 422
            return 201

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(first, (0, 1)))


def test_of_two_first_vectors_at_once_one_fixes_the_dimensions(rest: Rest) -> None:
    for number in range(5):
        assert at_once(rest, f"model-{number}") == [201, 422]


def test_without_its_checks_a_model_has_vectors_of_different_sizes(rest: Rest) -> None:
    """With the guard disabled; the index is the second one."""
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("DROP TRIGGER check_dimensions ON embeddings")
        embed(rest, subject(rest), 1, 2)
        assert embed(rest, subject(rest), 1, 2, 3).status == 422
        (name,) = connection.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix_embeddings_near_%'"
        ).fetchone() or ("",)
        connection.execute(f"DROP INDEX {name}")
    assert embed(rest, subject(rest), 1, 2, 3).status == 201
