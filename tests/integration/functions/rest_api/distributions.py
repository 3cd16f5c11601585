"""Distributions of one content: made, started and leased."""

from typing import Any

import pytest

from groundwork_core.clock import Clock
from groundwork_core.outbox import OutboxRow
from groundwork_core.publishing.start_distributions import start_due
from groundwork_core.relay.destinations.queues import distributions

from .rest import Reply, Rest

PATH = "/api/v1/distributions"
OUTBOX = """
SELECT 0, 0, aggregate, aggregate_id, version, kind, data FROM outbox
WHERE kind = 'distribution_due' ORDER BY id
"""
PAST, FUTURE = "2026-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"


@pytest.fixture
def content(rest: Rest) -> str:
    made = rest.create("contents", title="On engines", body="Text.", status="published")
    return str(made.json["id"])


def new(rest: Rest, content: str, **fields: object) -> Reply:
    return rest.create("distributions", content_id=content, channel="email", **fields)


def shown(rest: Rest, made: Reply) -> dict[str, Any]:
    found: dict[str, Any] = rest("GET", made.location).json
    return found


def messages(rest: Rest) -> list[dict[str, Any]]:
    """Return the messages that the relay sends to the queue."""
    return distributions(OutboxRow(*row) for row in rest.database.rows(OUTBOX))


def started(rest: Rest, clock: Clock, public_url: str = "") -> int:
    parts = rest.parts
    return start_due(
        work=parts.work(), clock=clock, public_url=public_url, checker=parts.json_schemas
    )


def lease(rest: Rest, *, seconds: int = 60, **more: object) -> Reply:
    wanted = {"channels": ["email"], "worker": "w", "lease_seconds": seconds, **more}
    return rest("POST", f"{PATH}/lease", wanted)


def act(rest: Rest, made: Reply, verb: str, token: object = None, **more: object) -> Reply:
    body = {"lease_token": token, **more} if token else None
    return rest("POST", f"{made.location}/{verb}", body)
