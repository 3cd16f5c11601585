"""The bare drivers: what our layers send to the databases for a query, sent again without them.

A recording reader notes each statement and its parameters while the real one answers; `replay` then
runs the same statements on a driver of its own, in sequence, as one request would.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import neo4j
import psycopg

from groundwork_core.caller import Caller
from groundwork_core.ids import new_id
from groundwork_runtime.graphql.executor import QueryExecutor
from groundwork_runtime.http.request import Request
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

if TYPE_CHECKING:
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.database import Database

Statement = tuple[str, str, Any]
"""Which database, the text, the parameters."""


class Recorder:
    """Answers in this process, and notes what it takes."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """Keep the addresses of both stores."""
        self._wiring = Wiring(Settings.from_environment(addresses))
        self._answering = QueryExecutor()
        self._notes: list[Statement] = []
        _note(self._wiring.graph, "read", "neo4j", self._notes)
        _note(self._wiring.database, "rows", "postgres", self._notes)

    def statements(self, body: str) -> list[Statement]:
        """Return what one request sends to the databases."""
        self._notes.clear()
        may = frozenset({"entities:read", "relationships:read"})
        event = {"httpMethod": "POST", "path": "/graphql", "body": body,
                 "headers": {"Content-Type": "application/json"}}  # fmt: skip
        self._answering(Request(event, "bench"), Caller(new_id(), (), may, "bench"), self._wiring)
        return list(self._notes)

    def close(self) -> None:
        """Close both connections."""
        self._wiring.graph.close()
        self._wiring.database.close()


def _note(owner: GraphDatabase | Database, method: str, name: str, notes: list[Statement]) -> None:
    real = getattr(owner, method)

    def noted(text: str, parameters: Any = None, **more: Any) -> Any:
        notes.append((name, text, parameters))
        return real(text, parameters, **more)

    setattr(owner, method, noted)


class Bare:
    """Two drivers, nothing above them."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """Connect."""
        self._driver = neo4j.GraphDatabase.driver(
            addresses["NEO4J_URI"], auth=(addresses["NEO4J_USER"], addresses["NEO4J_PASSWORD"])
        )
        self._postgres = psycopg.connect(addresses["DATABASE_URL"], autocommit=True)

    def replay(self, statements: Sequence[Statement]) -> float:
        """Run the statements of one request; return milliseconds."""
        before = time.perf_counter()
        for name, text, parameters in statements:
            if name == "neo4j":
                with self._driver.session(default_access_mode="READ", fetch_size=-1) as session:
                    list(session.run(text, dict(parameters)))
            else:
                self._postgres.execute(text, parameters).fetchall()
        return (time.perf_counter() - before) * 1000

    def close(self) -> None:
        """Close both connections."""
        self._driver.close()
        self._postgres.close()
