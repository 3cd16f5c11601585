"""Requests of the end-to-end tests to an instance."""

from typing import Any
from uuid import uuid4

import httpx2

Json = dict[str, Any]


def watch(client: httpx2.Client, url: str, name: str | None = None) -> Json:
    """Create a source and return it."""
    made = client.post(
        "/api/v1/sources",
        json={
            "name": name or f"source {uuid4()}",
            "url": url,
            "kind": "feed",
            "schedule": {"kind": "interval", "every_seconds": 3600},
        },
    )
    assert made.status_code == 201, made.text
    found: Json = made.json()
    return found


def items(client: httpx2.Client, path: str, **query: str) -> list[Json]:
    """All items of a list, page by page."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        page = client.get(path, params={"limit": "200", **query, **_at(cursor)})
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found


def _at(cursor: str | None) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def extracted(client: httpx2.Client, source: Json, documents: int) -> bool:
    """Return whether a source has this number of documents, and all their jobs succeeded."""
    found = items(client, "/api/v1/documents", source_id=source["id"])
    if len(found) != documents:
        return False
    jobs = [items(client, "/api/v1/jobs", document_id=each["id"]) for each in found]
    return all(job and all(one["status"] == "succeeded" for one in job) for job in jobs)


def graphql(client: httpx2.Client, query: str, **variables: object) -> Json:
    """Ask the graph; errors fail the test."""
    answer = client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    data: Json = answer.json()["data"]
    return data


NEIGHBOURS = """
query($key: String!) { entities(filter: {type: ORGANIZATION, key: $key}) { edges { node { id name
  neighbours(first: 50) { edges { relationship { type } node { name type } } } } } } }
"""


def around(client: httpx2.Client, publisher_key: str) -> set[tuple[str, str]]:
    """Return the neighbours of a publisher in the graph: (relationship type, name)."""
    edges = graphql(client, NEIGHBOURS, key=publisher_key)["entities"]["edges"]
    return {
        (near["relationship"]["type"], near["node"]["name"])
        for edge in edges
        for near in edge["node"]["neighbours"]["edges"]
    }
