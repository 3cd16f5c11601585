"""A list is walked while others insert, delete and update: what stays is seen once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from .conftest import Rest
from .test_lists import walk

KEPT = 400
PATH = "/api/v1/entities"


@pytest.fixture
def kept(rest: Rest) -> set[str]:
    """Rows that nobody touches, among rows that come and go."""
    rows = rest.database.rows(
        "INSERT INTO entities (name, type, confidence)"
        " SELECT 'kept ' || n %% 50, 'topic', n %% 10 / 10.0 FROM generate_series(1, %s) n"
        " RETURNING id::text",
        [KEPT],
    )
    return {row[0] for row in rows}


@contextmanager
def writing(rest: Rest) -> Iterator[Callable[[], int]]:
    """Insert before and behind every place, change and delete, until the block ends.

    Yields what tells how many rounds are done.
    """
    stop, rounds = threading.Event(), 0

    def write() -> None:
        nonlocal rounds
        with psycopg.connect(rest.url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(
                    "INSERT INTO entities (name, type, confidence) SELECT w || n, 'topic', n / 5.0"
                    " FROM generate_series(0, 5) n, unnest(ARRAY['aaa ', 'kept 2', 'zzz ']) w"
                )
                connection.execute(
                    "UPDATE entities SET name = reverse(name), confidence = 1 - confidence"
                    " WHERE name NOT LIKE 'kept __' AND name NOT LIKE 'kept _'"
                )
                connection.execute(
                    "DELETE FROM entities WHERE id IN (SELECT id FROM entities"
                    " WHERE name NOT LIKE 'kept%' ORDER BY id LIMIT 10)"
                )
                rounds += 1

    def done() -> int:
        assert writer.is_alive(), "the writer gave up"
        return rounds

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield done
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-name", "confidence", "-confidence"])
def test_a_list_read_during_writes_has_each_unchanged_item_once(
    rest: Rest, kept: set[str], sort: str
) -> None:
    with writing(rest) as rounds:
        begun = rounds()
        while rounds() < begun + 2:  # one round at least began and ended within
            items = walk(rest, PATH, sort=sort, limit="20", q="kept")
            seen = [item["id"] for item in items if item["id"] in kept]
            assert len(seen) == KEPT
            assert set(seen) == kept


def by_number(rest: Rest, sort: str, between: Callable[[], object]) -> list[str]:
    """Walk by OFFSET, as a list without cursors would."""
    seen: list[str] = []
    while rows := rest.database.rows(
        f"SELECT id::text FROM entities ORDER BY {sort}, id LIMIT 20 OFFSET {len(seen)}"
    ):
        seen += [row[0] for row in rows]
        between()
    return seen


def test_pages_by_row_number_repeat_rows_during_writes(rest: Rest, kept: set[str]) -> None:
    """With the guard disabled."""
    new: Any = iter(range(5))

    def insert() -> None:
        if next(new, None) is not None:
            rest.create("entities", name="aaa", type="topic")

    seen = [one for one in by_number(rest, "name", insert) if one in kept]
    assert len(seen) > len(set(seen))
