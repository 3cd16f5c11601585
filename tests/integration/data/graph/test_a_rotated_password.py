"""A rotated password of Neo4j reaches connections that are opened later, without a restart."""

import json
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.secret_credentials import SecretCredentials

ONE = "RETURN 1 AS one"


class Rotating:
    """A user of Neo4j whose password is in a secret."""

    def __init__(self, graph: GraphDatabase, uri: str) -> None:
        self.graph, self.uri = graph, uri
        self.name = f"rotating{uuid.uuid4().hex[:12]}"
        self.secret = ""
        self.now = 0.0
        self._set("CREATE USER $name SET PASSWORD $password CHANGE NOT REQUIRED")

    def rotate(self) -> None:
        self._set("ALTER USER $name SET PASSWORD $password CHANGE NOT REQUIRED")

    def drop(self) -> None:
        self.graph.run("DROP USER $name", {"name": self.name})

    def credentials(self) -> SecretCredentials:
        return SecretCredentials(
            lambda: self.secret, "graph", defaults_allowed=False, now=lambda: self.now
        )

    def _set(self, statement: str) -> None:
        password = secrets.token_urlsafe()
        self.graph.run(statement, {"name": self.name, "password": password})
        self.secret = json.dumps({"username": self.name, "password": password})


@pytest.fixture
def user(graph: GraphDatabase, neo4j: Any) -> Iterator[Rotating]:
    made = Rotating(graph, neo4j.uri)
    yield made
    made.drop()


def in_new_connections(database: GraphDatabase) -> list[object]:
    """Drop the open connections as a restarted server would, and read."""
    database._cut()
    return [row["one"] for row in database.read(ONE, {})]


def test_a_new_connection_uses_the_new_password(user: Rotating) -> None:
    database = GraphDatabase(user.uri, "neo4j", user.credentials())
    assert [row["one"] for row in database.read(ONE, {})] == [1]
    user.rotate()
    user.now += 60
    with pytest.raises(GraphUnavailable):
        in_new_connections(database)  # this refusal makes it read the secret again
    assert in_new_connections(database) == [1]
    database.close()


def test_unless_the_password_is_read_again_neo4j_refuses_new_connections(user: Rotating) -> None:
    """With the guard disabled."""
    database = GraphDatabase(user.uri, user.name, user.credentials().current().password)
    assert [row["one"] for row in database.read(ONE, {})] == [1]
    user.rotate()
    for _ in range(2):
        with pytest.raises(GraphUnavailable):
            in_new_connections(database)
    database.close()
