"""The REST function, and what tests of several files make with it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from ....databases import temporary_database
from .callbacks import publisher, sending
from .distributions import content
from .push import form, source, web
from .rest import CONTEXT, MINT, Reply, Rest

__all__ = [
    "CONTEXT",
    "MINT",
    "Reply",
    "Rest",
    "content",
    "form",
    "publisher",
    "sending",
    "source",
    "web",
]


@pytest.fixture
def rest(database_url: str) -> Iterator[Rest]:
    """The function, on a database of this test alone."""
    made = Rest(database_url)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def shared_rest(server_url: str, migrated_template: str) -> Iterator[Rest]:
    """The function for a module of tests that leave one another alone."""
    name = f"gw_rest_{uuid4().hex[:12]}"
    with temporary_database(server_url, name, template=migrated_template) as url:
        made = Rest(url)
        yield made
        made.database.close()
