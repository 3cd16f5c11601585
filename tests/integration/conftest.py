"""Connections for integration tests, as functions hold them."""

from collections.abc import Callable, Iterator

import pytest

from groundwork_data.postgres.database import Database


@pytest.fixture
def databases(database_url: str) -> Iterator[Callable[[], Database]]:
    """Opens held connections as functions have them, closed after the test."""
    made: list[Database] = []

    def open_one() -> Database:
        made.append(Database(database_url, application_name="test"))
        return made[-1]

    yield open_one
    for database in made:
        database.close()
