"""Workers that lease over HTTP, on a real database and a clock that tests move."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from ...functions.rest_api.conftest import Reply, Rest, shared_rest
from ..sources.conftest import path

__all__ = ["path", "shared_rest"]


class MovedClock:
    """Stands at the start of the test, until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


class Office:
    """One kind of jobs, its clients and its workers."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.kind = f"k{uuid4().hex}"
        self.clock = MovedClock()
        rest.parts.database_clock = self.clock

    def add(self, **fields: object) -> str:
        made = self.rest.create("jobs", kind=self.kind, **fields)
        return str(made.json["id"])

    def add_rows(self, count: int, party: str = "", priority: int = 5, made: str = "now()") -> None:
        """Insert many jobs, a millisecond apart."""
        self.sql(
            "INSERT INTO jobs (kind, party, priority, created_at)"
            f" SELECT %s, %s, %s, {made} + n * interval '1 ms' FROM generate_series(1, %s) n",
            self.kind, party, priority, count,
        )  # fmt: skip

    def lease(self, worker: str = "w", seconds: int = 60, **more: object) -> Reply:
        body = {"kinds": [self.kind], "worker": worker, "lease_seconds": seconds, **more}
        return self.rest("POST", "/api/v1/jobs/lease", body)

    def leased(self, worker: str = "w", seconds: int = 60) -> dict[str, Any]:
        reply = self.lease(worker, seconds)
        assert reply.status == 200, reply.text
        job: dict[str, Any] = reply.json
        return job

    def act(self, job: dict[str, Any] | str, word: str, **body: object) -> Reply:
        """Call `POST /jobs/{id}/<word>`, with the lease's token if there is a lease."""
        id_ = job if isinstance(job, str) else job["id"]
        token = {} if isinstance(job, str) else {"lease_token": job["lease_token"]}
        return self.rest("POST", f"/api/v1/jobs/{id_}/{word}", {**token, **body})

    def shown(self, job: dict[str, Any] | str) -> dict[str, Any]:
        id_ = job if isinstance(job, str) else job["id"]
        found: dict[str, Any] = self.rest("GET", f"/api/v1/jobs/{id_}").json
        return found

    def outcomes(self, job: dict[str, Any] | str) -> list[str | None]:
        id_ = job if isinstance(job, str) else job["id"]
        found = self.rest("GET", f"/api/v1/jobs/{id_}/attempts").json["items"]
        return [one["outcome"] for one in found]

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    @cached_property
    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.rest.url, autocommit=True)

    def close(self) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()

    def events(self, job: dict[str, Any]) -> list[str]:
        rows = self.sql(
            "SELECT kind FROM outbox WHERE aggregate_id = %s ORDER BY id", UUID(job["id"])
        )
        return [row[0] for row in rows]


@pytest.fixture
def office(shared_rest: Rest) -> Iterator[Office]:
    clock = shared_rest.parts.database_clock
    made = Office(shared_rest)
    yield made
    made.close()
    shared_rest.parts.database_clock = clock
