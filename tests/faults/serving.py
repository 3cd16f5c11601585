"""The REST function in a host, and clients with open connections."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

from ..fakes.callers import Mint
from ..integration.lambda_host.conftest import Function, read_answer, template

HANDLERS = Path(__file__).parent / "handlers"
MINT = Mint()


def editor(url: str) -> str:
    """An editor's token, in a fresh database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (MINT.kid, Jsonb(MINT.public)),
        )
        row = connection.execute(
            "INSERT INTO users (email, roles, sessions_valid_from)"
            " VALUES ('e' || uuidv7() || '@example.org', '{editor}', '2020-01-01') RETURNING id"
        ).fetchone()
    assert row is not None
    return MINT.token(row[0])


@dataclass(frozen=True)
class Reply:
    """A response, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        began = time.monotonic()
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        raw = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self._token}",
            "Content-Type: application/json",
            f"Content-Length: {len(raw)}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
        answer = await read_answer(reader, method)
        if answer.header("connection") == "close":
            await self.close()
        took = time.monotonic() - began
        return Reply(answer.status, dict(answer.headers), answer.body, took)

    async def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


@asynccontextmanager
async def serving(
    url: str,
    folder: Path,
    *,
    environments: int = 2,
    handler: str = "rest.handler",
    reserved: int | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Host]:
    """A host that serves every path by a handler of `handlers/`, on a database.

    `more` are variables for the function's environment; `reserved` bounds its environments.
    """
    variables = {"DATABASE_URL": url, "GROUNDWORK_RATE_LIMIT": "0", **more}
    function = Function(
        "Rest",
        handler,
        "/{proxy+}",
        "ANY",
        20,
        tuple(variables.items()),
        code=HANDLERS,
        reserved=reserved,
    )
    (folder / "template.yaml").write_text(template(function))
    stack = load(folder / "template.yaml", {}, Addresses())
    settings = HostSettings(
        port=0, environments=environments, announce_seconds=0.1, finish_seconds=2.0
    )
    host = Host(stack, settings, None, lambda _line: None)
    await host.start()
    try:
        yield host
    finally:
        await host.drain()


@asynccontextmanager
async def clients(host: Host, token: str, count: int) -> AsyncIterator[list[Client]]:
    """So many connections to it."""
    made = [Client(host.port, token) for _ in range(count)]
    try:
        yield made
    finally:
        await asyncio.gather(*(each.close() for each in made))
