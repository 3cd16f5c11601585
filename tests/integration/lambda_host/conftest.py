"""Hosts on free ports, with templates made for one test, and a client that hides nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from groundwork_lambda_host.gateway import ServerLimits
from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

HANDLERS = Path(__file__).parent / "handlers"


@pytest.fixture(params=[pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@dataclass(frozen=True)
class Function:
    """A function of a test's template; a path of `` gives it no route."""

    name: str
    handler: str
    path: str = ""
    method: str = "ANY"
    timeout: int = 5
    variables: tuple[tuple[str, str], ...] = ()
    code: Path = HANDLERS
    memory: int = 128
    reserved: int | None = None
    """ReservedConcurrentExecutions: its environments are never more."""


def template(*functions: Function) -> str:
    lines = ["Resources:", "  Api: {Type: AWS::Serverless::Api, Properties: {StageName: local}}"]
    for function in functions:
        lines += [
            f"  {function.name}:",
            "    Type: AWS::Serverless::Function",
            "    Properties:",
            f"      CodeUri: {function.code}",
            f"      Handler: {function.handler}",
            f"      Timeout: {function.timeout}",
            f"      MemorySize: {function.memory}",
        ]
        if function.reserved is not None:
            lines.append(f"      ReservedConcurrentExecutions: {function.reserved}")
        if function.variables:
            lines += ["      Environment:", "        Variables:"]
            lines += [f"          {name}: {value!r}" for name, value in function.variables]
        if function.path:
            lines += [
                "      Events:",
                "        Http:",
                "          Type: Api",
                "          Properties:",
                "            RestApiId: !Ref Api",
                f"            Path: {function.path!r}",
                f"            Method: {function.method}",
            ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Running:
    host: Host
    log: list[bytes]

    @property
    def port(self) -> int:
        return self.host.port


Serve = Callable[..., Awaitable[Running]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts hosts; they are drained at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(
            *functions: Function,
            limits: ServerLimits | None = None,
            settings: HostSettings | None = None,
        ) -> Running:
            path = tmp_path / "template.yaml"
            path.write_text(template(*functions))
            log: list[bytes] = []
            quick = HostSettings(port=0, announce_seconds=0.1, finish_seconds=2.0)
            host = Host(load(path, {}, Addresses()), settings or quick, limits, log.append)
            await host.start()
            stack.push_async_callback(host.drain)
            return Running(host, log)

        yield start


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    """One response off the wire; a response that is cut off raises IncompleteReadError."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = [
        (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    ]
    status = int(first.split()[1])
    length = int(dict(headers).get("content-length", "0"))
    bodiless = method == "HEAD" or status in {100, 204, 304}
    body = b"" if bodiless else await reader.readexactly(length)
    return Answer(status, headers, body)


async def ask(
    port: int,
    path: str,
    method: str = "GET",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """One request on a connection of its own."""
    async with connected(port) as (reader, writer):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return await read_answer(reader, method)
