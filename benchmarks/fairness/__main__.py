"""Measure one user's latency under floods: `python -m benchmarks.fairness URL EMAIL PASSWORD`.

The instance may be of any version, so that versions can be compared. Floods come from a process of
their own; the one who waits asks one thing after another and is not a part of any flood.
"""

import argparse
import asyncio
import json
import multiprocessing
import secrets
import statistics
import time
from typing import Any

import httpx2
from websockets.asyncio.client import connect

from benchmarks.fairness.floods import SOCKET_USERS, address, in_its_own_process

ENTITIES, LINKS = 400, 1_000
WARM_SECONDS, SECONDS = 3.0, 10.0
PASSWORD = "a long passphrase of a benchmark"
CHEAP = "{ entities(first: 5) { edges { node { name } } } }"


class Instance:
    """One that serves already."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.url, self._admin = url, (email, password)

    def token(self, email: str, password: str = PASSWORD) -> str:
        body = {"email": email, "password": password}
        answer = httpx2.post(f"{self.url}/api/v1/auth/login", json=body, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def users(self, count: int) -> list[str]:
        """Make users; return a token of each."""
        admin = {"Authorization": f"Bearer {self.token(*self._admin)}"}
        emails = [f"{secrets.token_hex(6)}@example.org" for _ in range(count)]
        for email in emails:
            body = {"email": email, "name": "b", "roles": ["editor"], "password": PASSWORD}
            url = f"{self.url}/api/v1/users"
            httpx2.post(url, json=body, headers=admin, timeout=60).raise_for_status()
        return [self.token(email) for email in emails]

    def fill(self, token: str) -> None:
        """Make entities that are linked to each other."""
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=self.url, headers=headers, timeout=120) as client:
            items = [
                {"name": f"e{i}", "type": "topic", "confidence": 1, "key": f"fair-{i}"}
                for i in range(ENTITIES)
            ]
            made = client.post("/api/v1/entities/bulk", json={"items": items})
            ids = [one["id"] for one in made.raise_for_status().json()["results"]]
            for step in range(1, 6):
                links = [
                    {
                        "from_id": ids[i % ENTITIES],
                        "to_id": ids[(i * 7 + step * 31 + 1) % ENTITIES],
                        "type": f"LINK_{step}",
                        "confidence": 1,
                    }
                    for i in range(LINKS)
                ]
                client.post("/api/v1/relationships/bulk", json={"items": links}).raise_for_status()


async def waited(kind: str, url: str, token: str) -> dict[str, float]:
    """Ask one thing after another for a while; return how long that took, in milliseconds."""
    headers = {"Authorization": f"Bearer {token}"}
    took: list[float] = []
    async with httpx2.AsyncClient(base_url=url, timeout=120, headers=headers) as client:

        async def once() -> None:
            if kind == "graphql":
                (await client.post("/graphql", json={"query": CHEAP})).raise_for_status()
            elif kind == "bulk":
                (await client.get("/api/v1/entities?limit=5")).raise_for_status()
            elif kind == "logins":
                (await client.get("/api/v1/me")).raise_for_status()
            else:
                target = await address(client, url, token)
                async with connect(target, open_timeout=120) as socket:
                    await socket.send('{"action":"ping"}')

        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            began = time.monotonic()
            await once()
            took.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(0.02)
    took.sort()
    return {
        "median": round(statistics.median(took), 1),
        "p95": round(took[int(len(took) * 0.95)], 1),
        "most": round(took[-1], 1),
        "asked": len(took),
    }


def main() -> None:
    """Measure each flood, and the same without it."""
    parser = argparse.ArgumentParser()
    for name in ("url", "email", "password"):
        parser.add_argument(name)
    given = parser.parse_args()
    instance = Instance(given.url, given.email, given.password)
    *flooding, patient = instance.users(SOCKET_USERS + 1)
    instance.fill(flooding[0])
    found: dict[str, Any] = {}
    for kind in ("graphql", "bulk", "logins", "sockets"):
        alone = asyncio.run(waited(kind, given.url, patient))
        process = multiprocessing.get_context("spawn").Process(
            target=in_its_own_process, args=(kind, given.url, flooding)
        )
        process.start()
        time.sleep(WARM_SECONDS)
        try:
            found[kind] = {"alone": alone, "flooded": asyncio.run(waited(kind, given.url, patient))}
        finally:
            process.terminate()
            process.join()
        print(kind, json.dumps(found[kind]), flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
