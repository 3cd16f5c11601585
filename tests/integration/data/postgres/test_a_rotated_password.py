"""A rotated password reaches connections that are opened later, without a restart."""

import json
import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from groundwork_core.errors import Unavailable
from groundwork_data.identity.secret_files import SecretFiles
from groundwork_data.postgres.database import Database
from groundwork_data.secret_credentials import SecretCredentials, SecretUrl


class Rotating:
    """A role whose password is in a secret."""

    def __init__(self, owner: psycopg.Connection, url: str, folder: Path) -> None:
        self.owner, self.name = owner, f"gw_rotating_{uuid.uuid4().hex[:12]}"
        self.secret_id = (folder / "database.json").as_uri()
        owner.execute(f"CREATE ROLE {self.name} LOGIN")
        parts = urlsplit(url)
        self.address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self.now = 0.0

    def rotate(self) -> None:
        password = secrets.token_urlsafe()
        self.owner.execute(f"ALTER ROLE {self.name} PASSWORD '{password}'")
        content = {"username": self.name, "password": password}
        SecretFiles().write(self.secret_id, json.dumps(content))

    def database(self, *, again: bool = True) -> Database:
        read = SecretCredentials(
            lambda: SecretFiles().read(self.secret_id),
            self.secret_id,
            defaults_allowed=False,
            now=lambda: self.now,
        )
        url = SecretUrl(read, self.address)
        return Database(url if again else url.current(), application_name="test")


@pytest.fixture
def role(server_url: str, tmp_path: Path) -> Iterator[Rotating]:
    with psycopg.connect(server_url, autocommit=True) as owner:
        made = Rotating(owner, server_url, tmp_path)
        yield made
        owner.execute(f"DROP ROLE {made.name}")


def test_a_new_connection_uses_the_new_password(role: Rotating) -> None:
    role.rotate()
    database = role.database()
    assert database.row("SELECT current_user") == (role.name,)
    role.rotate()
    database.close()
    role.now += 60
    assert database.row("SELECT current_user") == (role.name,)
    database.close()


def test_unless_the_password_is_read_again_postgres_refuses_new_connections(role: Rotating) -> None:
    """With the guard disabled."""
    role.rotate()
    database = role.database(again=False)
    assert database.row("SELECT 1") == (1,)
    role.rotate()
    database.close()
    with pytest.raises(Unavailable):
        database.row("SELECT 1")
