"""A database of entities, and a state folder without processes."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from groundwork_command.services.home import Home
from groundwork_data.postgres.database import Database

from ...instances import new_home
from .offline import LINKS, WORLD


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A world with texts and moments of every kind."""
    with closing(Database(database_url, application_name="test")) as found:
        found.rows(WORLD, {"entities": 300})
        found.rows(LINKS, {})
        yield found


@pytest.fixture
def home() -> Iterator[Home]:
    with new_home() as folder:
        found = Home(folder)
        found.prepare()
        yield found
