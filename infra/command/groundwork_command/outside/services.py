"""Check that a deployment works: functions, database, graph, queues, limits and release."""

import json
from pathlib import Path
from typing import Any

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import Address

OK = 200
LATE_SECONDS = 600
INSIDE = ("database", "graph", "queues", "rate limit")
"""The checks that need an API key."""
NEEDS_A_KEY = "Set GROUNDWORK_API_KEY to an API key with sources:read, entities:read and jobs:read."
TYPENAME = {"query": "{ entities(first: 1) { edges { node { id } } } }"}


def check(address: Address, document: Path) -> list[Finding]:
    """Check the responses of the deployment; `document` is the OpenAPI document of this release."""
    found = [_live(address), _release(address, document)]
    if not address.key:
        seen = "not checked without a key"
        return [*found, *(Finding(name, State.WARNING, seen, NEEDS_A_KEY) for name in INSIDE)]
    return [*found, *_database_and_limit(address), _graph(address), _queues(address)]


def _live(address: Address) -> Finding:
    response = address.request("GET", "/health/live", as_stranger=True)
    if response.status_code == OK and _json(response.text).get("status") == "ok":
        return Finding("health", State.GOOD, "the functions run")
    seen = f"GET /health/live responds with {response.status_code}"
    return Finding("health", State.BLOCKS, seen, "See the logs of the host and the functions.")


def _release(address: Address, document: Path) -> Finding:
    """Compare the OpenAPI document with that of this release, since no version is public."""
    response = address.request("GET", "/openapi.json", as_stranger=True)
    if response.status_code != OK:
        seen = f"GET /openapi.json responds with {response.status_code}"
        return Finding("release", State.BLOCKS, seen, "Check the routes of the load balancer.")
    there, here = _json(response.text), json.loads(document.read_text())
    if _without_servers(there) == _without_servers(here):
        return Finding("release", State.GOOD, "serves the API of this release")
    new = len(set(here["paths"]) - set(there.get("paths", {})))
    gone = len(set(there.get("paths", {})) - set(here["paths"]))
    seen = f"serves another API than this release: {new} paths are missing there, {gone} unknown"
    do = "Deploy this release, or run the `groundwork` command of the release that is deployed."
    return Finding("release", State.WARNING, seen, do)


def _database_and_limit(address: Address) -> list[Finding]:
    response = address.request("GET", "/api/v1/sources?limit=1")
    if response.status_code != OK:
        seen = f"GET /api/v1/sources responds with {response.status_code}: {_title(response.text)}"
        do = "401 and 403: " + NEEDS_A_KEY + " 5xx: look at the functions' logs."
        return [Finding("database", State.BLOCKS, seen, do)]
    found = [Finding("database", State.GOOD, "sources can be listed")]
    policy = response.headers.get("ratelimit-policy")
    if policy:
        return [*found, Finding("rate limit", State.GOOD, policy)]
    state = State.GOOD if address.stage == "local" else State.BLOCKS
    do = "Set GROUNDWORK_RATE_LIMIT to the requests per second that one user may send."
    return [*found, Finding("rate limit", state, "requests are not limited", do)]


def _graph(address: Address) -> Finding:
    response = address.request("POST", "/graphql", body=TYPENAME)
    if response.status_code == OK and "errors" not in _json(response.text):
        return Finding("graph", State.GOOD, "GraphQL responds")
    seen = f"POST /graphql responds with {response.status_code}: {_title(response.text)}"
    do = "See DependencyDown in docs/runbook.md; the rest of the API works without the graph."
    return Finding("graph", State.WARNING, seen, do)


def _queues(address: Address) -> Finding:
    """Check from outside how late the work of queues is."""
    response = address.request("GET", "/api/v1/ingestion")
    if response.status_code != OK:
        seen = (
            f"GET /api/v1/ingestion responds with {response.status_code}: {_title(response.text)}"
        )
        return Finding("queues", State.WARNING, seen, NEEDS_A_KEY)
    late = _json(response.text).get("oldest_due_seconds") or 0
    if late > LATE_SECONDS:
        do = "See PollsLate in docs/runbook.md: are schedules and the fetcher running?"
        seen = f"the oldest due source waits for {late:.0f} s"
        return Finding("queues", State.WARNING, seen, do)
    return Finding("queues", State.GOOD, f"no due source waits longer than {LATE_SECONDS} s")


def _without_servers(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "servers"}


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _title(text: str) -> str:
    found = _json(text)
    return str(found.get("detail") or found.get("title") or found.get("errors") or text)[:200]
