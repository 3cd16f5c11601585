"""One server, in a process of its own, before the same gateway and environments.

python -m benchmarks.front_door.serve NAME PORT FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from tests.integration.lambda_host.conftest import Function, template

from benchmarks.front_door.adapter import Adapter
from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

ECHO = Function("Echo", "echo.handler", "/echo/{proxy+}")


async def ours(host: Host, port: int) -> None:
    """Wait: the host serves already."""
    await asyncio.Event().wait()


async def uvicorn(host: Host, port: int, http: str = "httptools") -> None:
    """Serve by uvicorn's public interface."""
    from uvicorn import Config, Server  # noqa: PLC0415 - one of several

    config = Config(
        Adapter(host.gateway), port=port, http=http, access_log=False, log_level="critical",
        lifespan="off", ws="none", proxy_headers=False, server_header=False,
        timeout_keep_alive=75,
    )  # fmt: skip
    await Server(config).serve()


async def uvicorn_h11(host: Host, port: int) -> None:
    """Serve by uvicorn with the parser in Python."""
    await uvicorn(host, port, "h11")


async def hypercorn(host: Host, port: int) -> None:
    """Serve by hypercorn."""
    from hypercorn.asyncio import serve  # noqa: PLC0415 - as above
    from hypercorn.config import Config  # noqa: PLC0415

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = None
    await serve(Adapter(host.gateway), config)  # type: ignore[arg-type]


async def granian(host: Host, port: int) -> None:
    """Serve by granian's embedded server."""
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.server.embed import Server  # noqa: PLC0415

    server = Server(
        Adapter(host.gateway),
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=16 * 1024),
        websockets=False,
        log_enabled=False,
    )
    await server.serve()


SERVERS: dict[str, Callable[[Host, int], Awaitable[None]]] = {
    "ours": ours,
    "uvicorn, httptools": uvicorn,
    "uvicorn, h11": uvicorn_h11,
    "hypercorn": hypercorn,
    "granian": granian,
}


async def main(name: str, port: int, folder: Path) -> None:
    """Start the environments, and serve until the process is ended."""
    path = folder / "template.yaml"
    path.write_text(template(ECHO))
    settings = HostSettings(port=port if name == "ours" else 0, environments=1)
    host = Host(load(path, {}, Addresses()), settings, None, lambda _: None)
    await host.start()
    await SERVERS[name](host, port)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
