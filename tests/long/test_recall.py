"""The index of embeddings finds nearly all that is near, among many, in many dimensions."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.embeddings.ports import EVERYTHING
from groundwork_data.postgres import embedding_search_sql, embeddings
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.embeddings import PostgresEmbeddings

pytestmark = pytest.mark.long

COUNT, SIZE, CLOUDS, ASKED = 20_000, 384, 100, 60
FILL = """
WITH middles AS (
    SELECT c, array_agg(random_normal() ORDER BY i)::vector AS middle
    FROM generate_series(0, %(clouds)s - 1) c, generate_series(1, %(size)s) i GROUP BY c
), noise AS (
    SELECT n, array_agg(random_normal(0, 0.9))::vector AS off
    FROM generate_series(1, %(count)s) n, generate_series(1, %(size)s) i GROUP BY n
)
INSERT INTO embeddings (subject_type, subject_id, model, vector)
SELECT 'entity', uuidv7(), 'many', middle + off FROM noise JOIN middles ON c = n %% %(clouds)s
"""
EXACT = """
SELECT e.id FROM embeddings e WHERE e.model = 'many' AND e.subject_id <> %(besides)s
ORDER BY e.vector <=> %(vector)s::vector, e.id LIMIT %(k)s
"""


@pytest.fixture(scope="module")
def many(server_url: str, migrated_template: str) -> Iterator[Database]:
    """Vectors in clouds that touch; half of them come when the index is there already."""
    name = f"gw_recall_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as outer:
        outer.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
        try:
            url = server_url.rsplit("/", 1)[0] + "/" + name
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SET session_replication_role = replica")
                connection.execute("SELECT setseed(0.5)")
                given = {"clouds": CLOUDS, "size": SIZE, "count": COUNT // 2}
                connection.execute("SELECT groundwork_learn_embedding_model('many', %s)", [SIZE])
                (index,) = one(
                    connection, "SELECT indexdef FROM pg_indexes WHERE indexname ~ 'near'"
                )
                (named,) = one(
                    connection, "SELECT indexname FROM pg_indexes WHERE indexname ~ 'near'"
                )
                connection.execute(f"DROP INDEX {named}")
                connection.execute(FILL, given)
                connection.execute("SET maintenance_work_mem = '256MB'")
                connection.execute(index)
                connection.execute(FILL, given)
                connection.execute("VACUUM ANALYZE embeddings")
            database = Database(url, application_name="test")
            yield database
            database.close()
        finally:
            outer.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def one(connection: psycopg.Connection[Any], statement: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = connection.execute(statement).fetchone()
    assert found is not None
    return found


def recall(database: Database, k: int) -> float:
    """Ask for what is near to some of them; return the share of the truly nearest found."""
    seeded, found = random.Random(7), 0  # noqa: S311 - the same each time is the point
    subjects = database.rows("SELECT subject_id FROM embeddings ORDER BY id")
    for (subject,) in seeded.sample(subjects, ASKED):
        with database.transaction() as connection:
            store = PostgresEmbeddings(connection)
            known = store.known("many", subject, k)
            assert known is not None
            assert known.vector is not None
            got = store.nearest(
                "many", known, known.vector, besides=subject, among=EVERYTHING, count=k
            )
            exact = connection.execute(
                EXACT, {"besides": subject, "vector": known.vector, "k": k}
            ).fetchall()
        assert len(got) == k
        found += len({one.id for one in got} & {row[0] for row in exact})
    return found / (ASKED * k)


@pytest.mark.parametrize("k", [1, 10, 50, 200])
def test_a_search_finds_nine_in_ten_of_the_nearest_among_many(many: Database, k: int) -> None:
    share = recall(many, k)
    print(f"recall at {k} of {COUNT:,} in {SIZE} dimensions: {share:.3f}")
    assert share >= 0.9


def test_with_fewer_candidates_the_index_finds_fewer_of_the_nearest(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: few candidates, where it looks at 10 of them."""
    usual = recall(many, 10)
    monkeypatch.setattr(embeddings, "candidates", lambda _count, *, filtered: 11)
    known = embedding_search_sql.KNOWN.replace("%(ef_search)s", "'10'")
    monkeypatch.setattr(embeddings, "KNOWN", known)
    share = recall(many, 10)
    print(f"recall at 10 with ef_search 10: {share:.3f}")
    assert share < usual


def nearest(database: Database, k: int) -> int:
    """Return how many neighbours are found after the nearest ones were deleted."""
    with database.transaction() as connection:
        (vector,) = one(connection, "SELECT vector::text FROM embeddings ORDER BY id LIMIT 1")
        connection.execute(
            "DELETE FROM embeddings WHERE id IN (SELECT id FROM embeddings"
            " ORDER BY vector <=> %s::vector LIMIT 2000)",
            [vector],
        )
        store = PostgresEmbeddings(connection)
        known = store.known("many", None, k)
        assert known is not None
        found = store.nearest("many", known, vector, besides=None, among=EVERYTHING, count=k)
        raise Undone(len(found))


class Undone(Exception):
    """Takes back what a transaction did."""


def found_among_deleted(database: Database) -> int:
    with pytest.raises(Undone) as raised:
        nearest(database, 200)
    count: int = raised.value.args[0]
    return count


def test_deleted_rows_leave_no_gap_in_the_nearest(many: Database) -> None:
    assert found_among_deleted(many) == 200


def test_unless_the_index_is_read_further_deleted_rows_leave_a_gap(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: the index is not asked for more."""
    once = embedding_search_sql.KNOWN.replace("'relaxed_order'", "'off'")
    monkeypatch.setattr(embeddings, "KNOWN", once)
    assert found_among_deleted(many) < 200
