"""The identity function on a database and a safe of the test's own."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol
from uuid import UUID

import pytest

from groundwork_core.errors import NotFound
from groundwork_core.identity.create_user import create_user
from groundwork_data.identity.signing_keys import ensure_signing_key
from groundwork_functions.identity.routes import router
from groundwork_runtime.http.application import Application
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

CONTEXT = SimpleNamespace(aws_request_id="request", function_name="identity")
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Reply:
    """A response of the function."""

    status: int
    text: str
    headers: Mapping[str, list[str]]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Identity:
    """Calls the function as the gateway does."""

    def __init__(self, parts: Wiring) -> None:
        self.parts = parts
        self._handler = Application(router, lambda: parts)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        address: str = "192.0.2.1",
        cookie: str = "",
    ) -> Reply:
        headers = {"Content-Type": "application/json"}
        if cookie:
            headers["Cookie"] = cookie
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = self._handler(
            {
                "httpMethod": method,
                "path": path,
                "resource": path,
                "headers": headers,
                "multiValueHeaders": {name: [value] for name, value in headers.items()},
                "queryStringParameters": None,
                "multiValueQueryStringParameters": None,
                "requestContext": {"requestId": "r", "identity": {"sourceIp": address}},
                "body": None if body is None else json.dumps(body),
                "isBase64Encoded": False,
            },
            CONTEXT,
        )
        return Reply(answer["statusCode"], answer["body"] or "", answer["multiValueHeaders"])

    def log_in(self, email: str, password: str = PASSWORD, *, address: str = "192.0.2.1") -> Reply:
        body = {"email": email, "password": password}
        return self.call("POST", "/api/v1/auth/login", body, address=address)

    def refresh(self, token: str) -> Reply:
        return self.call("POST", "/api/v1/auth/refresh", {"refresh_token": token})

    def me(self, token: str) -> Reply:
        return self.call("GET", "/api/v1/me", token=token)


class MemorySafe:
    """Secrets in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read(self, secret_id: str) -> str:

        if secret_id not in self.texts:
            raise NotFound("The secret does not exist.")
        return self.texts[secret_id]

    def write(self, secret_id: str, text: str) -> None:
        self.texts[secret_id] = text


class MakeUser(Protocol):
    def __call__(self, email: str, *roles: str) -> UUID: ...


@pytest.fixture
def new_identity(database_url: str) -> Iterator[Callable[[], Identity]]:
    """Makes execution environments of the function; all share one signing key."""
    made: list[Wiring] = []
    safe = MemorySafe()

    def make() -> Identity:
        parts = Wiring(
            Settings.from_environment(
                {"DATABASE_URL": database_url, "SIGNING_KEY_SECRET_ID": "signing-key"}
            )
        )
        parts.secrets = safe
        ensure_signing_key(safe, "signing-key", parts.database)
        made.append(parts)
        return Identity(parts)

    yield make
    for parts in made:
        parts.database.close()


@pytest.fixture
def identity(new_identity: Callable[[], Identity]) -> Identity:
    """One execution environment."""
    return new_identity()


@pytest.fixture
def make_user(identity: Identity) -> MakeUser:
    """Makes accounts with the password PASSWORD."""

    def make(email: str, *roles: str) -> UUID:
        parts = identity.parts
        return create_user(
            email,
            PASSWORD,
            roles=roles or ("viewer",),
            work=parts.work(),
            hasher=parts.password_hasher,
        )

    return make
