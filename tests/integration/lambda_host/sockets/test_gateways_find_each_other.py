"""Gateways with one name find each other at its addresses, and forget those that are gone."""

import asyncio
import contextlib

import httpx2
from websockets.asyncio.client import connect

from groundwork_lambda_host.sockets.discovery import PeerDiscovery
from groundwork_lambda_host.sockets.peers import Peers, PeerUnreachable
from groundwork_lambda_host.sockets.settings import SocketSettings

from ....fakes.fleet import FakeFleet
from .conftest import TOKEN, Running, Serve, free_port


async def post(to: Running, connection: str, text: str) -> dict[str, list[str]]:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(
            f"{to.management}/posts",
            json={"posts": [{"connections": [connection], "data": text}]},
            headers={"x-groundwork-host-token": TOKEN},
        )
    found: dict[str, list[str]] = answer.json()
    return found


def test_a_post_to_one_of_three_gateways_reaches_a_socket_of_another(serve: Serve) -> None:
    async def run() -> None:
        ports = [free_port() for _ in range(3)]
        hosts = tuple(("localhost", port) for port in ports)
        async with contextlib.AsyncExitStack() as stack:
            first, second, third = [
                await stack.enter_async_context(
                    serve(FakeFleet(), port=port, gateway=f"pod-{port}", peer_hosts=hosts)
                )
                for port in ports
            ]
            async with connect(third.url) as socket:
                (there,) = third.connection_ids
                for number, gateway in enumerate((first, second, third)):
                    assert await post(gateway, there, str(number)) == {
                        "gone": [],
                        "unreachable": [],
                    }
                    assert await socket.recv() == str(number)

    asyncio.run(run())


def test_a_new_gateway_is_known_before_it_has_a_socket(serve: Serve) -> None:
    """The first gateway greets once an hour; the greeting of the new one made it known."""

    async def run() -> None:
        ports = [free_port() for _ in range(2)]
        old = {"gateway": "old", "peer_hosts": (("localhost", ports[0]),), "greet_seconds": 3600}
        async with (
            serve(FakeFleet(), port=ports[0], **old) as first,
            serve(
                FakeFleet(), port=ports[1], gateway="new", peer_hosts=(("localhost", ports[0]),)
            ) as second,
            connect(second.url) as socket,
        ):
            (there,) = second.connection_ids
            # Only if the new one's greeting names its port.
            assert await post(first, there, "hello") == {"gone": [], "unreachable": []}
            assert await socket.recv() == "hello"

    asyncio.run(run())


def test_the_socket_of_a_gateway_that_sent_no_greeting_counts_as_closed(serve: Serve) -> None:
    async def run() -> None:
        async with (
            serve(FakeFleet(), gateway="old") as first,
            serve(FakeFleet(), gateway="new") as second,
            connect(second.url),
        ):
            (there,) = second.connection_ids
            assert (await post(first, there, "hello"))["gone"] == [there]

    asyncio.run(run())


def test_a_greeting_without_the_token_is_ignored(serve: Serve) -> None:
    async def run() -> None:
        async with serve(FakeFleet(), gateway="old") as first, httpx2.AsyncClient() as client:
            said = {"x-groundwork-forwarded": "stranger", "x-groundwork-port": "80"}
            answer = await client.get(f"{first.management}/gateway", headers=said)
            assert answer.status_code == 403
            assert (await post(first, "stranger-abc", "x"))["gone"] == ["stranger-abc"]

    asyncio.run(run())


class _Answering(Peers):
    """Peers whose responses to greetings are given."""

    def __init__(self) -> None:
        super().__init__({}, headers={})
        self.names: dict[str, str] = {}

    async def greet(self, url: str, *, own_port: int) -> str:
        if url not in self.names:
            raise PeerUnreachable(url)
        return self.names[url]


def test_a_gateway_that_does_not_respond_three_times_is_forgotten() -> None:
    async def run() -> None:
        peers = _Answering()
        peers.names = {"http://10.0.0.2:8000/@live": "two"}
        addresses = {"http://10.0.0.2:8000/@live"}

        async def resolved(host: str, port: int) -> set[str]:
            return set(addresses)

        settings = SocketSettings("one", TOKEN, peer_hosts=(("gateways", 8000),))
        discovery = PeerDiscovery(settings, peers, resolved)
        await discovery.greet_all()
        assert peers.knows("two")
        addresses.clear()
        await discovery.greet_all()
        assert peers.knows("two")  # it still responds, whatever the name says
        peers.names.clear()
        for _ in range(2):
            await discovery.greet_all()
        assert peers.knows("two")
        await discovery.greet_all()
        assert not peers.knows("two")

    asyncio.run(run())


def test_an_address_taken_over_by_another_pod_has_the_name_of_that_gateway() -> None:
    async def run() -> None:
        url = "http://10.0.0.2:8000/@live"
        peers = _Answering()

        async def resolved(host: str, port: int) -> set[str]:
            return {url}

        settings = SocketSettings("one", TOKEN, peer_hosts=(("gateways", 8000),))
        discovery = PeerDiscovery(settings, peers, resolved)
        for name in ("two", "three", "one"):
            peers.names = {url: name}
            await discovery.greet_all()
            assert peers.knows(name) == (name != "one")
        assert not peers.knows("two")

    asyncio.run(run())


def test_a_name_that_resolves_to_nothing_keeps_the_known_gateways() -> None:
    async def run() -> None:
        peers = _Answering()
        peers.learn("two", "http://10.0.0.2:8000/@live")
        peers.names = {"http://10.0.0.2:8000/@live": "two"}

        async def unresolved(host: str, port: int) -> set[str]:
            raise OSError("no such name")

        settings = SocketSettings("one", TOKEN, peer_hosts=(("gateways", 8000),))
        await PeerDiscovery(settings, peers, unresolved).greet_all()
        assert peers.knows("two")

    asyncio.run(run())
