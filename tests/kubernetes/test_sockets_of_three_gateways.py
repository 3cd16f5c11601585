"""Three gateways on real nodes hold 1,000 sockets; a post through one reaches all of them."""

import asyncio
import json
import secrets
import time
from contextlib import AsyncExitStack

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from ..waiting import eventually
from .product import HOST, Product

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]
GATEWAYS, SOCKETS, AT_ONCE = 3, 1_000, 20
USERS = 60
"""A gateway closes the sockets of one user that exceed 20."""


def tokens(product: Product) -> list[str]:
    """Return an access token of each of many new users."""
    found = []
    with product.client() as admin:
        for number in range(USERS):
            login = {
                "email": f"listener-{number}@example.org",
                "password": secrets.token_urlsafe(18),
            }
            made = admin.post("/api/v1/users", json={**login, "roles": ["viewer"]})
            assert made.status_code == 201, made.text
            answer = admin.post("/api/v1/auth/login", json=login)
            assert answer.status_code == 200, answer.text
            found.append(answer.json()["access_token"])
    return found


async def listen(
    address: str,
    token: str,
    client: httpx2.AsyncClient,
    turn: asyncio.Semaphore,
    stack: AsyncExitStack,
) -> ClientConnection:
    """Open one socket at a gateway, until the stack ends, and subscribe."""
    async with turn:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/api/v1/auth/ws-ticket", headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        uri = f"ws://localhost:8000/ws?ticket={answer.json()['ticket']}"
        socket = await connect(
            uri, host=address, port=8000, proxy=None, open_timeout=120, ping_interval=None
        )
        stack.push_async_callback(socket.close)
        await socket.send(json.dumps({"action": "subscribe", "topics": ["entities"]}))
        answered = json.loads(await asyncio.wait_for(socket.recv(), 120))
        assert answered["type"] == "subscribed", answered
        return socket


async def name_of_next(socket: ClientConnection) -> str:
    """Return the name in the next message."""
    found: str = json.loads(await asyncio.wait_for(socket.recv(), 120))["data"]["name"]
    return found


async def post_to_all(product: Product, addresses: list[str], users: list[str]) -> dict[str, int]:
    """Open sockets at each gateway, post through each one; count the names received."""
    with product.client() as known:
        headers, url = dict(known.headers), str(known.base_url)
    turn = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=120) as client,
        AsyncExitStack() as stack,
    ):
        began = time.monotonic()
        sockets = await asyncio.gather(
            *(
                listen(addresses[number % GATEWAYS], users[number % USERS], client, turn, stack)
                for number in range(SOCKETS)
            )
        )
        opened = time.monotonic() - began
        seen: dict[str, int] = {}
        for number, address in enumerate(addresses):
            name = f"Through gateway {number}"
            began = time.monotonic()
            answer = await client.post(
                f"http://{address}:8000/api/v1/entities",
                json={"name": name, "type": "topic", "confidence": 1},
            )
            assert answer.status_code == 201, answer.text
            names = await asyncio.gather(*(name_of_next(each) for each in sockets))
            seen[name] = names.count(name)
            print(f"{seen[name]} sockets after {time.monotonic() - began:.2f} s")
    print(f"{SOCKETS} sockets opened in {opened:.0f} s")
    return seen


def test_a_post_through_one_gateway_reaches_the_sockets_of_all(product: Product) -> None:
    product.kubectl("scale", "deployment/gateway", f"--replicas={GATEWAYS}")
    product.roll_out()
    pods = product.pods()
    addresses = [each["status"]["podIP"] for each in pods]
    assert len(addresses) == GATEWAYS

    def peers() -> bool:
        """True if each gateway is in the Service of peers."""
        found = product.found("endpointslices", "-l", "kubernetes.io/service-name=gateway-peers")
        ready = [each for part in found["items"] for each in part["endpoints"] or ()]
        return len(ready) == GATEWAYS

    assert eventually(peers, 120)
    for address in addresses:
        answer = httpx2.get(f"http://{address}:8000/health/ready", headers=HOST, timeout=60)
        assert answer.status_code == 200
    time.sleep(10)  # gateways look for peers every 5 s
    seen = asyncio.run(post_to_all(product, addresses, tokens(product)))
    assert set(seen.values()) == {SOCKETS}
