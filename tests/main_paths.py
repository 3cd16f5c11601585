"""The main paths through a running host; each is a function that raises where one is broken."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx2

from .e2e.asking import extracted, watch
from .feeds import FeedServer, page, rss
from .hosts import ServingHost
from .waiting import eventually

WAIT_SECONDS = 300
ENTITY = "query($id: ID!) { entity(id: $id) { name } }"


def made(client: httpx2.Client, resource: str, **fields: object) -> dict[str, Any]:
    """Create a thing and return it."""
    answer = client.post(f"/api/v1/{resource}", json=fields)
    assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
    body: dict[str, Any] = answer.json()
    return body


def ingest(client: httpx2.Client, feeds: FeedServer) -> None:
    """From a source to its document and the entities in it."""
    path, site = f"/{uuid4()}", f"https://x{uuid4().hex}.example.com"
    feeds.answers[path] = page(rss("The Tidings", site, [{"title": "Low water"}]))
    source = watch(client, feeds.url(path))
    assert eventually(lambda: extracted(client, source, 1), WAIT_SECONDS)


def lease_a_job(client: httpx2.Client, feeds: FeedServer) -> None:
    """From a job to its result, by a worker over HTTP."""
    kind = f"k{uuid4().hex}"
    job = made(client, "jobs", kind=kind, payload={"n": 1})
    asked = {"kinds": [kind], "worker": "paths", "lease_seconds": 60}
    leased = client.post("/api/v1/jobs/lease", json=asked)
    assert leased.status_code == 200, f"{leased.status_code} {leased.text}"
    assert leased.json()["id"] == job["id"]
    topic = {"ref": "a", "type": "topic", "key": kind, "name": "Ice"}
    ended = client.post(
        f"/api/v1/jobs/{job['id']}/results",
        json={"lease_token": leased.json()["lease_token"], "result": {"entities": [topic]}},
    )
    assert ended.status_code == 200, f"{ended.status_code} {ended.text}"
    assert ended.json()["status"] == "succeeded"
    found = client.get("/api/v1/entities", params={"key": kind}).json()["items"]
    assert [one["name"] for one in found] == ["Ice"]


def ask_the_graph(client: httpx2.Client, feeds: FeedServer) -> None:
    """From a new entity to the response of GraphQL."""
    entity = made(client, "entities", name="Harbour", type="topic", confidence=1)

    query = {"query": ENTITY, "variables": {"id": entity["id"]}}
    expected, seen = {"entity": {"name": "Harbour"}}, ""

    def there() -> bool:
        nonlocal seen
        answer = client.post("/graphql", json=query)
        seen = answer.text
        # An error, such as 503 while the graph is busy, is asked again.
        return answer.is_success and answer.json().get("data") == expected

    assert eventually(there, WAIT_SECONDS), seen


def publish(client: httpx2.Client, feeds: FeedServer) -> None:
    """From a content to a distribution that a publisher has carried out."""
    channel = f"c{uuid4().hex}"
    content = made(client, "contents", title="On engines", body="Text.", status="published")
    order = made(client, "distributions", content_id=content["id"], channel=channel)
    asked = {"channels": [channel], "worker": "paths", "lease_seconds": 60}

    def lease() -> dict[str, Any] | None:
        answer = client.post("/api/v1/distributions/lease", json=asked)
        assert answer.status_code in {200, 204}, f"{answer.status_code} {answer.text}"
        found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return found

    leased = eventually(lease, WAIT_SECONDS)
    assert leased is not None
    held = {"lease_token": leased["lease_token"]}
    ended = client.post(f"/api/v1/distributions/{order['id']}/complete", json=held)
    assert ended.status_code in {200, 204}, f"{ended.status_code} {ended.text}"
    shown = client.get(f"/api/v1/distributions/{order['id']}").json()
    assert shown["status"] == "sent", shown["status"]


def engage(client: httpx2.Client, feeds: FeedServer) -> None:
    """From an event that is sent three times to one engagement and its sums."""
    content = made(client, "contents", title="On tides")
    order = made(client, "distributions", content_id=content["id"], channel="x", status="draft")
    event = {"distribution_id": order["id"], "kind": "opened", "event_id": str(uuid4())}
    outcomes, ids = [], set()
    for items in ([event, event], [event]):
        answer = client.post("/api/v1/engagements/batch", json={"items": items})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        outcomes += [one["result"] for one in answer.json()["results"]]
        ids |= {one["id"] for one in answer.json()["results"]}
    assert outcomes == ["created", "unchanged", "unchanged"], outcomes
    (known,) = ids
    assert client.get(f"/api/v1/engagements/{known}").json()["kind"] == "opened"
    sums = client.get(f"/api/v1/contents/{content['id']}/engagement").json()
    assert sums["totals"] == {"opened": {"all": 1, "human": 1}}, sums


PATHS: tuple[Callable[[httpx2.Client, FeedServer], None], ...] = (
    ingest,
    lease_a_job,
    ask_the_graph,
    publish,
    engage,
)


def broken_paths(host: ServingHost, feeds: FeedServer) -> Mapping[str, str]:
    """Log in, take each path and return those that are broken, with what was seen."""
    found = {}
    try:
        client = host.client()
    except httpx2.HTTPError as error:
        return {"log in": str(error)}
    with client:
        for path in PATHS:
            try:
                path(client, feeds)
            except (AssertionError, httpx2.HTTPError, KeyError, ValueError) as error:
                found[path.__name__] = str(error)[:500] or "not within the time"
    return found
