"""Serve all hosts of the benchmark on two ports of loopback, one for http and one for https.

Started as `python -m benchmarks.ingestion.made_web SETTINGS.json`; prints a line with both ports.
`GET /seen` and `GET /start?changing=0.05` at the host 127.0.0.1 control it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

from benchmarks.ingestion.addresses import Kind, kind_of
from benchmarks.ingestion.authority import Authority
from benchmarks.ingestion.made_feeds import feed
from benchmarks.ingestion.manners import Manners
from groundwork_data.web.hosts import host_of

SLOW_FROM_SECONDS, SLOW_TO_SECONDS = 2.0, 12.0
"""A slow host takes so long for each answer, robots.txt included."""
RETRY_AFTER_SECONDS = 120
INTERVAL_SECONDS = 900
ROBOTS = b"User-agent: *\nDisallow: /private/\nAllow: /\n"
NEVER = float("inf")
NO_CONTENT = b""

Answer = tuple[int, dict[str, str], bytes]


class MadeWeb:
    """Answers for all hosts."""

    def __init__(self) -> None:
        self.manners = Manners()
        self._began = datetime.now(UTC)
        self._changing_since = NEVER
        self._rhythm_seconds = NEVER

    def change(self, share: float) -> None:
        """From now on, such a share of the feeds has a new entry every 15 minutes.

        Half of an interval has passed already: on average of the first one, polls find as many.
        """
        self._changing_since = time.monotonic() - INTERVAL_SECONDS / 2
        self._rhythm_seconds = INTERVAL_SECONDS / share if share else NEVER

    def _version(self, host: str) -> int:
        passed = time.monotonic() - self._changing_since
        if passed < 0 or self._rhythm_seconds == NEVER:
            return 0
        phase = crc32(f"phase of {host}".encode()) % 10_000 / 10_000
        return int(passed / self._rhythm_seconds + phase)

    def answer(self, host: str, path: str, headers: dict[str, str]) -> Answer:
        """Return status, headers and body of an answer."""
        kind = kind_of(host)
        place = crc32(host.encode())
        if path == "/robots.txt":
            return (200, {"Content-Type": "text/plain"}, ROBOTS) if place % 2 else (404, {}, b"")
        if kind is Kind.THROTTLES:
            return 429, {"Retry-After": str(RETRY_AFTER_SECONDS)}, b"slow down"
        if kind is Kind.FAILS:
            return (500, 502, 503, 504)[place % 4], {}, b"something failed"
        if kind is Kind.MOVED and not path.startswith("/now"):
            return 301, {"Location": f"/now{path}"}, b""
        version = self._version(host)
        etag = f'"{place:x}-{version}"'
        if headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, NO_CONTENT
        body = feed(host, version, self._began)
        if kind is Kind.BROKEN:
            body = b"<!doctype html><title>Parked</title><p>This domain is for sale."
        return 200, {"Content-Type": "application/rss+xml", "ETag": etag}, body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, then close the connection."""
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1]
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:] if line)
            }
            name = headers.get("host", "").partition(":")[0]
            if name == "127.0.0.1":
                await self._send(writer, (200, {}, self._control(path)))
                return
            host, status, at = host_of(f"http://{name}/"), 0, None
            manners = self.manners
            manners.begins(host, path)
            try:
                if await self._waited(name, reader):
                    answer = self.answer(name, path, headers)
                    at = manners.now()
                    await self._send(writer, answer)
                    status = answer[0]
            finally:
                manners.ends(host, status, manners.now() if at is None else at)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    async def _waited(self, name: str, reader: asyncio.StreamReader) -> bool:
        """Wait as long as a slow host does; False: the visitor has gone before."""
        if kind_of(name) is not Kind.SLOW:
            return True
        spread = crc32(f"slow {name}".encode()) % 1_000 / 1_000
        seconds = SLOW_FROM_SECONDS + spread * (SLOW_TO_SECONDS - SLOW_FROM_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await reader.read(1)
        except TimeoutError:
            return True
        return False

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        status, headers, body = answer
        lines = [f"HTTP/1.1 {status} -", "Connection: close", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    def _control(self, path: str) -> bytes:
        asked = urlsplit(path)
        if asked.path == "/start":
            self.manners = Manners()
            self.change(float(parse_qs(asked.query)["changing"][0]))
        return json.dumps(self.manners.counts()).encode()


async def main(given: Mapping[str, Any]) -> None:
    """Serve until the process is ended."""
    authority = Authority(Path(given["folder"]))
    contexts = authority.contexts(given["hosts"])
    front = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name in contexts:
            connection.context = contexts[name]

    front.sni_callback = choose
    web = MadeWeb()
    plain = await asyncio.start_server(web.serve, "127.0.0.1", 0, backlog=1_000)
    tls = await asyncio.start_server(web.serve, "127.0.0.1", 0, backlog=1_000, ssl=front)
    ports = [server.sockets[0].getsockname()[1] for server in (plain, tls)]
    print(json.dumps({"ports": ports, "bundle": str(authority.bundle)}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    settings = json.loads(Path(sys.argv[1]).read_text())
    try:
        import uvloop
    except ImportError:
        asyncio.run(main(settings))
    else:
        uvloop.run(main(settings))
