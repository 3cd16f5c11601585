"""Post to and close WebSockets, through API Gateway or through the host."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from groundwork_core.errors import Unavailable
from groundwork_core.realtime.ports import Post

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

AT_ONCE = 16
TIMEOUT_SECONDS = 10
MOST_BYTES_A_CALL = 8_000_000
UNREACHABLE_TRIES = 3
UNREACHABLE_RETRY_SECONDS = 0.3
TOKEN_HEADER = "X-Groundwork-Host-Token"  # noqa: S105 - the name of a header


class ApiGatewaySockets:
    """Implements `Sockets` with API Gateway's management API: one call per frame and socket.

    Different sockets are posted to concurrently, the frames of one socket in order.
    """

    def __init__(self, client: Callable[[], ApiGatewayManagementApiClient]) -> None:
        """`client` creates the client at the first post."""
        self._api = cache(client)

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        """Send frames; return the ids of closed connections."""
        frames: dict[str, list[bytes]] = {}
        for post in posts:
            data = post.data.encode()
            for connection in post.connections:
                frames.setdefault(connection, []).append(data)
        with ThreadPoolExecutor(min(AT_ONCE, max(len(frames), 1))) as pool:
            there = pool.map(lambda item: self._post_all(*item), frames.items())
            return frozenset(c for c, alive in zip(frames, there, strict=True) if not alive)

    def close(self, connections: Iterable[str]) -> None:
        """Close sockets."""
        for connection in connections:
            self._call(lambda c=connection: self._api().delete_connection(ConnectionId=c))  # type: ignore[misc]

    def _post_all(self, connection: str, frames: list[bytes]) -> bool:
        api = self._api()
        return all(
            self._call(lambda d=data: api.post_to_connection(ConnectionId=connection, Data=d))  # type: ignore[misc]
            for data in frames
        )

    @staticmethod
    def _call(call: Callable[[], object]) -> bool:
        """Call the management API; return False if the connection is closed."""
        from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

        try:
            call()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"GoneException", "410"}:
                return False
            raise Unavailable("API Gateway refuses to post to sockets.") from error
        except BotoCoreError as error:
            raise Unavailable("API Gateway cannot be reached.") from error
        return True


class HostSockets:
    """Implements `Sockets` with the host: one call for a whole batch."""

    def __init__(
        self,
        batch_url: str,
        endpoint: str,
        token: str,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`batch_url` is the address of the batch call, `endpoint` that of the management API."""
        self._batch = urlsplit(batch_url)
        self._endpoint = urlsplit(endpoint)
        self._headers = {TOKEN_HEADER: token, "Content-Type": "application/json"}
        self._pause = pause
        self._connection: http.client.HTTPConnection | None = None

    def post(self, posts: Sequence[Post]) -> frozenset[str]:
        """Send frames; return the ids of closed connections.

        If a gateway does not respond, its frames are retried a few times. Then its connections
        count as closed, so that one lost gateway does not block all others.
        """
        gone: set[str] = set()
        left = list(posts)
        for attempt in range(UNREACHABLE_TRIES):
            unreachable: set[str] = set()
            for part in _parts(left):
                response = self._post_batch(part)
                gone |= set(response.get("gone", []))
                unreachable |= set(response.get("unreachable", []))
            if not unreachable:
                break
            if attempt == UNREACHABLE_TRIES - 1:
                gone |= unreachable
                break
            left = [
                Post(theirs, post.data)
                for post in left
                if (theirs := tuple(c for c in post.connections if c in unreachable))
            ]
            self._pause(UNREACHABLE_RETRY_SECONDS)
        return frozenset(gone)

    def close(self, connections: Iterable[str]) -> None:
        """Close sockets."""
        for connection in connections:
            path = f"{self._endpoint.path}/@connections/{quote(connection, safe='')}"
            status, _ = self._request("DELETE", path, b"")
            if status >= http.client.BAD_REQUEST and status != http.client.GONE:
                raise Unavailable(f"The gateway responded with {status}.")

    def hang_up(self) -> None:
        """Close the connection to the gateway; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post_batch(self, posts: Sequence[Post]) -> dict[str, list[str]]:
        body = json.dumps(
            {"posts": [{"connections": post.connections, "data": post.data} for post in posts]},
            ensure_ascii=False,
        ).encode()
        status, response = self._request("POST", self._batch.path, body)
        if status != http.client.OK:
            raise Unavailable(f"The gateway responded with {status}.")
        found: dict[str, list[str]] = json.loads(response)
        return found

    def _request(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Send over the open connection; if the gateway has closed it, over a new one."""
        for fresh in (False, True):
            if self._connection is None or fresh:
                self._connection = http.client.HTTPConnection(
                    self._batch.hostname or "", self._batch.port, timeout=TIMEOUT_SECONDS
                )
            try:
                self._connection.request(method, path, body, self._headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if fresh:
                    raise Unavailable("The gateway cannot be reached.") from error
        raise AssertionError


def _parts(posts: Sequence[Post]) -> list[list[Post]]:
    """Split frames into calls within the gateway's size limit."""
    parts: list[list[Post]] = [[]]
    size = 0
    for post in posts:
        length = 4 * len(post.data) + sum(map(len, post.connections))
        if parts[-1] and size + length > MOST_BYTES_A_CALL:
            parts.append([])
            size = 0
        parts[-1].append(post)
        size += length
    return [part for part in parts if part]
