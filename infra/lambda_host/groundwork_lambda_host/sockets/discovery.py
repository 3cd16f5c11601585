"""Find the other gateways by the addresses of a name, such as a headless Service of Kubernetes."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from groundwork_lambda_host.sockets.peers import Peers, PeerUnreachable
from groundwork_lambda_host.sockets.settings import SocketSettings

_log = logging.getLogger(__name__)
FIRST_ROUND_SECONDS = 3.0
MISSES_UNTIL_FORGOTTEN = 3

Resolve = Callable[[str, int], Awaitable[set[str]]]
"""Takes a name and a port; returns the base URLs of its addresses. Raises OSError."""


async def resolve(host: str, port: int) -> set[str]:
    """Resolve a name with the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)
    addresses = {str(address[0]) for *_, address in found}
    return {peer_url(address, port) for address in addresses}


def peer_url(address: str, port: int) -> str:
    """Return the base URL of the management API of a host at an IP address."""
    return (
        f"http://[{address}]:{port}/@live" if ":" in address else f"http://{address}:{port}/@live"
    )


class PeerDiscovery:
    """Greets every gateway at the start and periodically.

    By a greeting each side learns the other's name. A new gateway greets before it is ready, so all
    others know it before it has a socket.
    """

    def __init__(self, settings: SocketSettings, peers: Peers, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._peers = peers
        self._resolve = resolve
        self._misses: Counter[str] = Counter()
        self._repeating: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Greet all gateways now, and then periodically."""
        if not self._settings.peer_hosts:
            return
        try:
            async with asyncio.timeout(FIRST_ROUND_SECONDS):
                await self.greet_all()
        except TimeoutError:
            _log.warning("Not all other gateways responded at the start")
        self._repeating = asyncio.get_running_loop().create_task(self._repeat())

    async def stop(self) -> None:
        """Stop greeting."""
        if self._repeating is not None:
            self._repeating.cancel()

    async def greet_all(self) -> None:
        """Greet the known gateways, and those at the addresses of the configured names."""
        urls = set(self._peers.urls())
        for host, port in self._settings.peer_hosts:
            try:
                urls |= await self._resolve(host, port)
            except OSError as error:
                _log.warning("The name %s of other gateways has no address: %s", host, error)
        await asyncio.gather(*(self._greet(url) for url in urls))

    async def _greet(self, url: str) -> None:
        try:
            name = await self._peers.greet(url, own_port=self._settings.port)
        except PeerUnreachable:
            self._misses[url] += 1
            if self._misses[url] >= MISSES_UNTIL_FORGOTTEN:
                del self._misses[url]
                self._peers.forget(url)
            return
        del self._misses[url]
        if name != self._settings.gateway:
            self._peers.learn(name, url)

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.greet_seconds)
            await self.greet_all()
