"""The migration that normalizes addresses of sources, on rows of the previous release."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_data.postgres.migrations import migrate

from ....databases import temporary_database

SCRIPTS = Path(__file__).parents[4] / "migrations" / "postgres"
BEFORE, MIGRATION = "0021", "0022"
ADD = """
INSERT INTO sources (name, url, schedule, tags, enabled)
VALUES ('a', %s, '{"kind": "interval", "every_seconds": 60}', %s, %s) RETURNING id
"""
ADD_DOCUMENT = """
INSERT INTO documents (source_id, external_id, title, content_hash)
VALUES (%s, %s, %s, repeat('0', 64))
"""


class Old:
    """A database as it was before the migration."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def add(self, url: str, *tags: str, enabled: bool = True, documents: str = "") -> UUID:
        row = self.connection.execute(ADD, [url, list(tags), enabled]).fetchone()
        assert row is not None
        self.connection.execute("INSERT INTO source_states (source_id) VALUES (%s)", row)
        for one in documents:
            self.connection.execute(ADD_DOCUMENT, [row[0], one, f"{one} of {url}"])
        found: UUID = row[0]
        return found

    def forward(self) -> None:
        migrate(self.url, SCRIPTS, target=MIGRATION)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def old_template(server_url: str) -> Iterator[str]:
    """The name of a database of the previous release, to make copies of."""
    name = f"gw_old_{uuid4().hex[:12]}"
    with temporary_database(server_url, name) as url:
        migrate(url, SCRIPTS, target=BEFORE)
        yield name


@pytest.fixture
def old(server_url: str, old_template: str) -> Iterator[Old]:
    name = f"gw_old_{uuid4().hex[:12]}"
    with temporary_database(server_url, name, template=old_template) as url:
        made = Old(url)
        yield made
        made.connection.close()


def test_sources_of_one_address_become_one_with_all_documents(old: Old) -> None:
    first = old.add("https://Blog.example:443/f", "a", documents="12")
    old.rows("UPDATE sources SET created_at = created_at - interval '1 minute' RETURNING 1")
    old.add("https://blog.example/f#x", "b", documents="23")
    other = old.add("https://other.example/f", documents="2")
    old.forward()
    assert set(old.rows("SELECT id, url FROM sources")) == {
        (first, "https://blog.example/f"),
        (other, "https://other.example/f"),
    }
    kept = old.rows("SELECT source_id, external_id, title FROM documents ORDER BY 1, 2")
    assert kept == [
        (first, "1", "1 of https://Blog.example:443/f"),
        (first, "2", "2 of https://Blog.example:443/f"),
        (first, "3", "3 of https://blog.example/f#x"),
        (other, "2", "2 of https://other.example/f"),
    ]
    assert old.rows(f"SELECT tags FROM sources WHERE id = '{first}'") == [(["a", "b"],)]
    assert old.rows(f"SELECT documents FROM source_states WHERE source_id = '{first}'") == [(3,)]


def test_of_two_sources_of_one_address_the_enabled_one_is_kept(old: Old) -> None:
    old.add("https://blog.example", enabled=False)
    kept = old.add("https://blog.example/")
    old.forward()
    assert old.rows("SELECT id FROM sources") == [(kept,)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://user:pw@blog.example/f", "http://blog.example/f"),
        ("https://blog.example/f\n", "https://blog.example/f"),
        ("https://bücher.example", "https://xn--bcher-kva.example/"),
        ("http://Blog.example:99999/F", "http://blog.example:99999/F"),
        ("http://a:b@Bad host/x y#z", "http://bad%20host/x%20y"),
        ("http://?", "http://unknown.invalid/"),
        ("https://blog.example/" + "ü" * 1_000, "https://blog.example/" + "ü" * 1_000),
    ],
)
def test_every_stored_address_is_rewritten_to_pass_the_new_rule(
    old: Old, before: str, after: str
) -> None:
    old.add(before)
    old.forward()
    assert old.rows("SELECT url FROM sources") == [(after,)]
