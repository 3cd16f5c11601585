"""A graph, a database beside it, and GraphQL on both."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from groundwork_core.caller import Caller
from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.graph import GraphDestination
from groundwork_data.graph import driver
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime.graphql.executor import QueryExecutor
from groundwork_runtime.http.request import Request
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....fakes.counting_database import CountingDatabase

if TYPE_CHECKING:
    from groundwork_runtime.http.response import HttpResponse

READER = frozenset({"entities:read", "relationships:read"})


@pytest.fixture(autouse=True)
def patient_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for a connection: a busy machine may stop Neo4j for more than a second."""
    monkeypatch.setattr(driver, "CONNECT_SECONDS", 6.0)


@pytest.fixture
def graph(neo4j: Any) -> Iterator[GraphDatabase]:
    """The graph of this test."""
    database = GraphDatabase(neo4j.uri, neo4j.user, neo4j.password)
    yield database
    database.close()


ALIVE = """
MATCH (n:Entity) RETURN labels(n) AS kind, null AS ends, properties(n) AS properties
UNION ALL
MATCH (a)-[r]->(b) RETURN [type(r)] AS kind, [a.id, b.id] AS ends, properties(r) AS properties
"""


def shown(graph: GraphDatabase) -> list[str]:
    """All entities and relationships as the graph has them, to be compared."""
    return sorted(str(row.data()) for row in graph.run(ALIVE))


@dataclass
class Api:
    """GraphQL with its stores."""

    wiring: Wiring
    permissions: frozenset[str] = READER
    _answering: QueryExecutor = field(default_factory=QueryExecutor)

    def __post_init__(self) -> None:
        """Have its SQL counted."""
        self._counting = CountingDatabase(
            self.wiring.settings.database_url, application_name="counted"
        )
        self.wiring.database = self._counting

    def post(self, body: object, **headers: str) -> "HttpResponse":
        """Send a body as it is."""
        sent = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        text = body if isinstance(body, str) else json.dumps(body)
        event = {"httpMethod": "POST", "path": "/graphql", "headers": sent, "body": text}
        caller = Caller(UUID(int=1), ("viewer",), self.permissions, "user:1")
        return self._answering(Request(event, "r1"), caller, self.wiring)

    def ask(self, query: str, **variables: object) -> Mapping[str, Any]:
        """Ask and return the whole response."""
        answer = self.post({"query": query, "variables": variables})
        answered: Mapping[str, Any] = json.loads(answer.body or "")
        return answered

    def data(self, query: str, **variables: object) -> Mapping[str, Any]:
        """Ask and return the data; there must be no error."""
        answered = self.ask(query, **variables)
        assert "errors" not in answered, answered["errors"]
        data: Mapping[str, Any] = answered["data"]
        return data

    def code(self, query: str, **variables: object) -> str:
        """Ask and return the first error's code."""
        return str(self.ask(query, **variables)["errors"][0]["extensions"]["code"])

    @property
    def statements(self) -> int:
        """The number of Cypher statements so far."""
        return self.wiring.graph.statements

    @property
    def asked(self) -> tuple[int, int]:
        """The number of Cypher and SQL statements so far."""
        return self.statements, self._counting.statements

    @cached_property
    def database(self) -> Database:
        """A connection of the test's own."""
        return self.wiring.new_database()

    def sql(self, statement: str, *parameters: object) -> list[Any]:
        """Run SQL and return its rows."""
        return self.database.rows(statement, parameters or None)

    def relay(self, limit: int = 500) -> None:
        """Carry the outbox to the graph until nothing waits, also while others write."""
        destination = GraphDestination(Neo4jProjection(self.wiring.graph))
        backlogs = PostgresBacklogs(self.database)
        ends = time.monotonic() + 30
        while backlogs.of("graph").waiting and time.monotonic() < ends:
            work = PostgresUnitOfWork(self.database)
            if not carry(destination, work, limit=limit).rows:
                time.sleep(0.02)


@pytest.fixture
def api(neo4j: Any, database_url: str) -> Iterator[Api]:
    """GraphQL on an empty graph and an empty database."""
    settings = Settings.from_environment(
        {
            "DATABASE_URL": database_url,
            "NEO4J_URI": neo4j.uri,
            "NEO4J_USER": neo4j.user,
            "NEO4J_PASSWORD": neo4j.password,
        }
    )
    api = Api(Wiring(settings))
    yield api
    api.wiring.graph.close()
    api.wiring.database.close()
    api.database.close()


@pytest.fixture
def known(api: Api) -> Mapping[str, str]:
    """A small world, in both stores; returns ids by name.

    Ada WRITES_FOR Bell, Ada KNOWS Cray, Bell COVERS Dust, Cray KNOWS Dust; forty fans KNOW Ada.
    """
    names = [("Ada", "person"), ("Bell", "organization"), ("Cray", "person"), ("Dust", "topic")]
    names += [(f"Fan {i:02}", "person") for i in range(40)]
    rows = api.sql(
        "INSERT INTO entities (name, type, key, attributes)"
        " SELECT name, type, 'key:' || lower(name), jsonb_build_object('of', name)"
        " FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS n(name, type, place)"
        " ORDER BY place RETURNING name, id::text",
        *map(list, zip(*names, strict=True)),
    )
    found: dict[str, str] = dict(rows)
    edges = [
        ("Ada", "WRITES_FOR", "Bell", 0.9),
        ("Ada", "KNOWS", "Cray", 0.8),
        ("Bell", "COVERS", "Dust", 0.7),
        ("Cray", "KNOWS", "Dust", 0.6),
        *((f"Fan {i:02}", "KNOWS", "Ada", 0.5) for i in range(40)),
    ]
    api.sql(
        "INSERT INTO relationships (from_id, type, to_id, confidence, attributes)"
        " SELECT a.id, n.type, b.id, n.confidence, jsonb_build_object('of', a.name)"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::float8[])"
        " AS n(start, type, finish, confidence)"
        " JOIN entities a ON a.name = n.start JOIN entities b ON b.name = n.finish RETURNING id",
        *map(list, zip(*edges, strict=True)),
    )
    api.relay()
    return found
