"""The REST function on a real database, called as the gateway calls it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.application import Application
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....fakes.callers import Mint
from ....fakes.counting_database import CountingDatabase
from ....fakes.secrets import DATA_KEYS, safe_with_data_keys

MINT = Mint()
CONTEXT = SimpleNamespace(aws_request_id="request")


@dataclass(frozen=True)
class Reply:
    """A response of the function."""

    status: int
    text: str
    headers: Mapping[str, list[str]]

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def etag(self) -> str:
        return self.headers["ETag"][0]

    @property
    def location(self) -> str:
        return self.headers["Location"][0]

    @property
    def pointers(self) -> set[str]:
        return {fault["pointer"] for fault in self.json.get("errors", [])}


class Rest:
    """Calls the function, by default as an admin."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Without a rate limit, whose leases would be counted among the statements.
        self.parts = Wiring(
            Settings.from_environment(
                {
                    "DATABASE_URL": url,
                    "GROUNDWORK_RATE_LIMIT": "0",
                    "DATA_KEYS_SECRET_ID": DATA_KEYS,
                }
            )
        )
        self.parts.secrets = safe_with_data_keys()
        self.database = CountingDatabase(url, application_name="test")
        self.parts.database = self.database
        self._handler = Application(router, lambda: self.parts)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s)",
                (MINT.kid, Jsonb(MINT.public)),
            )
        self.admin = MINT.token(self.user("admin"))

    @classmethod
    def beside(cls, other: "Rest") -> "Rest":
        """Another environment of the function on the same database, e.g. for a thread."""
        made = cls.__new__(cls)
        made.url, made.admin = other.url, other.admin
        made.parts = Wiring(other.parts.settings)
        made.parts.secrets = other.parts.secrets
        made.database = CountingDatabase(other.url, application_name="test")
        made.parts.database = made.database
        made._handler = Application(router, lambda: made.parts)
        return made

    def user(self, *roles: str) -> UUID:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(
                "INSERT INTO users (email, roles, sessions_valid_from)"
                " VALUES ('u' || uuidv7() || '@example.org', %s, '2020-01-01') RETURNING id",
                (list(roles),),
            ).fetchone()
        assert row is not None
        user_id: UUID = row[0]
        return user_id

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "admin",  # noqa: S107 - stands for the admin's
        query: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {self.admin if token == 'admin' else token}"
        answer = self._handler(
            {
                "httpMethod": method,
                "path": path,
                "headers": sent,
                "multiValueQueryStringParameters": {
                    name: value if isinstance(value, list) else [value]
                    for name, value in (query or {}).items()
                },
                "requestContext": {"requestId": "r", "identity": {"sourceIp": "192.0.2.1"}},
                "body": body if body is None or isinstance(body, str) else json.dumps(body),
            },
            CONTEXT,
        )
        return Reply(answer["statusCode"], answer["body"] or "", answer["multiValueHeaders"])

    def create(self, resource: str, **fields: object) -> Reply:
        reply = self("POST", f"/api/v1/{resource}", fields)
        assert reply.status == 201, reply.text
        return reply
