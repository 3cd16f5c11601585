"""The floods, each in a process of its own."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

CONNECTIONS = 150
LOGINS = 100
SOCKETS_A_USER, SOCKET_USERS = 20, 5
DEAR = (
    "{ entities(first: 50) { edges { node { neighbours(first: 100) { edges { node { name"
    " attributes } } } } } } }"
)
Act = Callable[[], Awaitable[object]]


async def forever(act: Act) -> None:
    """Do it again and again; refusals are no reason to stop."""
    while True:
        try:
            await act()
        except (httpx2.HTTPError, OSError, WebSocketException, TimeoutError, KeyError):
            await asyncio.sleep(0.05)


async def flood(kind: str, url: str, tokens: list[str]) -> None:
    """One kind of flood, until its process is ended."""
    headers = {"Authorization": f"Bearer {tokens[0]}"}
    limits = httpx2.Limits(max_connections=CONNECTIONS)
    items = [
        {"name": f"b{i}", "type": "topic", "confidence": 1, "key": f"bulk-{i}"} for i in range(1000)
    ]
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def ask_the_graph() -> None:
            await client.post("/graphql", json={"query": DEAR}, headers=headers)

        async def write_many() -> None:
            await client.post("/api/v1/entities/bulk", json={"items": items}, headers=headers)

        async def log_in() -> None:
            body = {"email": f"{secrets.token_hex(6)}@example.org", "password": "wrong"}
            await client.post("/api/v1/auth/login", json=body)

        async def listen(token: str) -> None:
            async with connect(await address(client, url, token)) as socket:
                while True:
                    topics = ["entities", "relationships"]
                    text = {"action": "subscribe", "topics": topics, "since": 0}
                    await socket.send(json.dumps(text))
                    await socket.recv()

        acts: dict[str, list[Act]] = {
            "graphql": [ask_the_graph] * CONNECTIONS,
            "bulk": [write_many] * CONNECTIONS,
            "logins": [log_in] * LOGINS,
            "sockets": [lambda one=one: listen(one) for one in tokens] * SOCKETS_A_USER,  # type: ignore[misc]
        }
        await asyncio.gather(*(forever(act) for act in acts[kind]))


async def address(client: httpx2.AsyncClient, url: str, token: str) -> str:
    """Get a ticket, and where to go with it."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.post("/api/v1/auth/ws-ticket", headers=headers)
    return f"{url.replace('http', 'ws', 1)}/ws?ticket={answer.json()['ticket']}"


def in_its_own_process(kind: str, url: str, tokens: list[str]) -> None:
    """Run one flood; the target of its process."""
    asyncio.run(flood(kind, url, tokens))
