"""Forward messages for sockets of other gateways to those gateways."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from httpx2 import AsyncClient

Post = tuple[list[str], str]
PORT_HEADER = "x-groundwork-port"
_PATIENCE_SECONDS = 3.0
_NO_HEADERS: Mapping[str, str] = {}


class PeerUnreachable(Exception):
    """Raised if another gateway does not respond; the state of its sockets is unknown."""


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Result of one batch that was forwarded to another gateway."""

    gone: frozenset[str]
    unreachable: frozenset[str]


class Peers:
    """Forwards messages to peers. The HTTP client is created at the first use."""

    def __init__(self, urls: Mapping[str, str], *, headers: Mapping[str, str]) -> None:
        """`urls` maps gateways to base URLs (`http://host:port/@live`)."""
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._headers = dict(headers)
        self._client: AsyncClient | None = None

    def knows(self, gateway: str) -> bool:
        """Return whether messages can be forwarded to that gateway."""
        return gateway in self._urls

    def urls(self) -> frozenset[str]:
        """Return the base URLs of all known gateways."""
        return frozenset(self._urls.values())

    def learn(self, gateway: str, url: str) -> None:
        """Remember a gateway, and forget another one that had this URL."""
        self.forget(url)
        self._urls[gateway] = url

    def forget(self, url: str) -> None:
        """Forget the gateway at a URL; its sockets then count as closed."""
        self._urls = {name: known for name, known in self._urls.items() if known != url}

    async def greet(self, url: str, *, own_port: int) -> str:
        """Send our name and port to a gateway; return its name.

        Raises:
            PeerUnreachable: It did not respond, or is not one of our gateways.
        """
        status, response = await self._request(
            "GET", f"{url}/gateway", b"", {PORT_HEADER: str(own_port)}
        )
        if status != 200:  # noqa: PLR2004 - HTTP statuses speak for themselves
            raise PeerUnreachable(url)
        return str(orjson.loads(response)["gateway"])

    async def send(self, gateway: str, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a request to another gateway; return status and body.

        Raises:
            PeerUnreachable: It did not respond.
        """
        return await self._request(method, self._urls[gateway] + path, body)

    async def send_batches(self, posts: Mapping[str, Sequence[Post]]) -> list[BatchOutcome]:
        """Forward batches to several gateways concurrently."""
        return await asyncio.gather(*(self._batch(name, found) for name, found in posts.items()))

    async def close(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _request(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str] = _NO_HEADERS
    ) -> tuple[int, bytes]:
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(
                timeout=_PATIENCE_SECONDS, headers=self._headers, trust_env=False
            )
        try:
            response = await self._client.request(method, url, content=body, headers=dict(headers))
        except httpx2.TransportError as error:
            raise PeerUnreachable(url) from error
        return response.status_code, response.content

    async def _batch(self, gateway: str, posts: Iterable[Post]) -> BatchOutcome:
        posts = list(posts)
        body = orjson.dumps({"posts": [{"connections": ids, "data": data} for ids, data in posts]})
        try:
            status, response = await self.send(gateway, "POST", "/posts", body)
            if status == 200:  # noqa: PLR2004 - HTTP statuses speak for themselves
                return BatchOutcome(frozenset(orjson.loads(response)["gone"]), frozenset())
        except PeerUnreachable:
            pass
        return BatchOutcome(frozenset(), frozenset(each for ids, _ in posts for each in ids))
