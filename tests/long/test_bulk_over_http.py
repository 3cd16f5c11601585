"""Bulk writes of 1,000 items to a whole instance that has 100,000 already."""

import time
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from tests.child_instance import Instance

from .a_hundred_thousand import fill

pytestmark = pytest.mark.long

AT_ONCE = 1_000


@pytest.fixture(scope="module")
def client(instance: Instance) -> Iterator[httpx2.Client]:
    url = instance.addresses["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, "entities", "relationships")
    with instance.client() as client:
        yield client


def entities(round_: int, name: str) -> list[dict[str, object]]:
    return [
        {"key": f"bulk {round_} {n}", "type": "topic", "name": f"{name} {n}", "aliases": [f"A {n}"]}
        for n in range(AT_ONCE)
    ]


def sent(client: httpx2.Client, resource: str, items: list[dict[str, object]]) -> list[str]:
    """Send them; print how long it took, and return the ids."""
    started = time.perf_counter()
    reply = client.post(f"/api/v1/{resource}/bulk", json={"items": items})
    seconds = time.perf_counter() - started
    assert reply.status_code == 200, reply.text
    results = reply.json()["results"]
    print(f"{resource}: {AT_ONCE:,} as {results[0].get('result')} in {seconds:.2f} s")
    assert all(one["status"] < 300 for one in results)
    return [one["id"] for one in results]


def test_a_thousand_rows_are_written_by_one_request(client: httpx2.Client) -> None:
    for round_ in range(3):
        ids = sent(client, "entities", entities(round_, "New"))
        assert len(set(ids)) == AT_ONCE
        assert sent(client, "entities", entities(round_, "Changed")) == ids
        assert sent(client, "entities", entities(round_, "Changed")) == ids
        edges: list[dict[str, object]] = [
            {"from_id": one, "to_id": other, "type": "KNOWS"}
            for one, other in zip(ids, ids[1:] + ids[:1], strict=True)
        ]
        assert len(set(sent(client, "relationships", edges))) == AT_ONCE
