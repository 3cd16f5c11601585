"""Forward messages for sockets of other gateways to those gateways."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from httpx2 import AsyncClient

Post = tuple[list[str], str]
_PATIENCE_SECONDS = 3.0


class PeerUnreachable(Exception):
    """Raised if another gateway does not answer; the state of its sockets is unknown."""


@dataclass(frozen=True, slots=True)
class BatchAnswer:
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

    async def send(self, gateway: str, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a request to another gateway; return status and body.

        Raises:
            PeerUnreachable: It did not answer.
        """
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=_PATIENCE_SECONDS, headers=self._headers)
        try:
            answer = await self._client.request(method, self._urls[gateway] + path, content=body)
        except httpx2.TransportError as error:
            raise PeerUnreachable(gateway) from error
        return answer.status_code, answer.content

    async def send_batches(self, posts: Mapping[str, Sequence[Post]]) -> list[BatchAnswer]:
        """Forward batches to several gateways concurrently."""
        return await asyncio.gather(*(self._batch(name, found) for name, found in posts.items()))

    async def close(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _batch(self, gateway: str, posts: Iterable[Post]) -> BatchAnswer:
        posts = list(posts)
        body = orjson.dumps({"posts": [{"connections": ids, "data": data} for ids, data in posts]})
        try:
            status, answer = await self.send(gateway, "POST", "/posts", body)
            if status == 200:  # noqa: PLR2004 - HTTP statuses speak for themselves
                return BatchAnswer(frozenset(orjson.loads(answer)["gone"]), frozenset())
        except PeerUnreachable:
            pass
        return BatchAnswer(frozenset(), frozenset(each for ids, _ in posts for each in ids))
