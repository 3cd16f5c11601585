"""A process that answers for many endpoints on one port: `/<number>`; some never answer.

    python -m benchmarks.webhooks.endpoints PATHS_THAT_HANG

Prints its port. At the end of its input it prints what came, a line each: path, webhook-id, the
event's time, and the seconds from then to its arrival.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Endpoints:
    """Takes one request a connection."""

    def __init__(self, hanging: frozenset[str]) -> None:
        self._hanging = hanging
        self.came: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a message, note when it came, and answer unless its endpoint hangs."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            arrived = time.time()
            lines = head.decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            body = await reader.readexactly(int(fields["content-length"]))
            path = lines[0].split(" ")[1]
            happened = body.split(b'"timestamp":"')[1].split(b'"')[0].decode()
            at = datetime.fromisoformat(happened).timestamp()
            self.came.append(f"{path} {fields['webhook-id']} {at:.4f} {arrived - at:.4f}")
            if path in self._hanging:
                await asyncio.sleep(3_600)
            writer.write(ANSWER)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def main(hanging: frozenset[str]) -> None:
    """Serve until the input ends."""
    endpoints = Endpoints(hanging)
    server = await asyncio.start_server(endpoints.serve, "127.0.0.1", 0, backlog=1_024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write("\n".join(endpoints.came) + "\n")
    sys.stdout.flush()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(frozenset(sys.argv[1].split(","))))
