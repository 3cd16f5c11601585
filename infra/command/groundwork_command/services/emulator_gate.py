"""Run the emulator behind an access check, as a program of its own process.

MiniStack does not check credentials. Its ASGI application therefore runs inside this process, and
every request passes the gate first. The gate accepts requests with the access key id that this
process was given. It refuses requests of web pages, which could reach a local port: any request
with an Origin header, and any Host that is not loopback (DNS rebinding).
"""

import asyncio
import hmac
import ipaddress
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

ACCESS_KEY = "GROUNDWORK_EMULATOR_ACCESS_KEY"
"""Variable with the access key id; every user can read a command line."""
KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 0.5
POLICY_VIOLATION = 1008


class Gate:
    """An ASGI application in front of another."""

    def __init__(self, app: App, access_key_id: str) -> None:
        if not access_key_id:
            message = f"{ACCESS_KEY} is missing"
            raise ValueError(message)
        self._app = app
        self._access_key_id = access_key_id.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Forward the request, or refuse it without reading its body."""
        if scope["type"] == "lifespan" or self.admits(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            status = HTTPStatus.FORBIDDEN.value
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"Forbidden\n"})

    def admits(self, scope: Message) -> bool:
        """Return whether a request has the access key id, a loopback Host and no Origin."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = headers.get(b"host", [])
        if b"origin" in headers or len(hosts) != 1 or not _is_loopback(hosts[0]):
            return False
        named = list(_access_keys(headers.get(b"authorization", []), scope["query_string"]))
        return bool(named) and all(hmac.compare_digest(key, self._access_key_id) for key in named)


def _is_loopback(host: bytes) -> bool:
    name, _, port = host.decode("latin-1").strip().rpartition(":")
    if not name or port.endswith("]"):  # there is no port
        name = host.decode("latin-1").strip()
    elif not port.isdecimal():
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def _access_keys(authorizations: list[bytes], query: bytes) -> Iterator[bytes]:
    """Yield every access key id of a request: from its SigV4 header or presigned URL."""
    for value in authorizations:
        _, _, fields = value.partition(b" ")
        for field in fields.split(b","):
            name, _, credential = field.strip().partition(b"=")
            if name == b"Credential":
                yield credential.partition(b"/")[0]
    for credential in parse_qs(query).get(b"X-Amz-Credential", []):
        yield credential.partition(b"/")[0]


async def serve(port: int, access_key_id: str) -> None:
    """Serve MiniStack behind the gate on a port of loopback, until SIGTERM or SIGINT."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config.graceful_timeout = STOP_SECONDS
    gate: Any = Gate(app, access_key_id)
    await hypercorn_serve(gate, config, shutdown_trigger=stop.wait, mode="asgi")


if __name__ == "__main__":
    # Removed from the environment, which MiniStack passes on to its child processes.
    asyncio.run(serve(int(os.environ["GATEWAY_PORT"]), os.environ.pop(ACCESS_KEY)))
