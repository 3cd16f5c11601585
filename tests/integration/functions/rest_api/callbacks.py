"""A publisher that signs callbacks about the deliveries of a distribution."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from ....standard_webhooks import signed
from .rest import Reply, Rest

PATH = "/api/v1/deliveries/callbacks"
NUMBERS = count(1)


STARTED, BEGAN = datetime.now(UTC), time.monotonic()


def now(seconds: float = 0) -> str:
    """Return a time that only grows: a clock that is set back must not make an update outdated."""
    return (STARTED + timedelta(seconds=time.monotonic() - BEGAN + seconds)).isoformat()


class Publisher:
    """A publisher that sends callbacks."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.made = rest.create("publishers", name="Mailer")
        self.secret = self.made.json["secret"]

    def signed(
        self, body: str, id_: str, *, secret: str | None = None, seconds: int = 0
    ) -> dict[str, str]:
        return signed(secret or self.secret, id_, body, seconds=seconds)

    def __call__(self, *updates: object, id_: str = "", secret: str | None = None) -> Reply:
        data = updates[0] if len(updates) == 1 else list(updates)
        body = json.dumps({"type": "delivery.updated", "timestamp": now(), "data": data})
        headers = self.signed(body, id_ or f"msg_{next(NUMBERS)}", secret=secret)
        return self.rest("POST", PATH, body, token=None, headers=headers)

    def sends(self, *updates: object, id_: str = "") -> dict[str, Any]:
        reply = self(*updates, id_=id_)
        assert reply.status == 200, reply.text
        shown: dict[str, Any] = reply.json
        return shown


@pytest.fixture
def publisher(rest: Rest) -> Publisher:
    return Publisher(rest)


@pytest.fixture
def sending(rest: Rest) -> str:
    content = rest.create("contents", title="On engines").json["id"]
    made = rest.create("distributions", content_id=content, channel="email", status="sending")
    return str(made.json["id"])


def update(of: str, recipient: str = "ada", status: str = "delivered", **more: object) -> Any:
    return {"distribution_id": of, "recipient": recipient, "status": status, **more}


def delivery(rest: Rest, of: str, recipient: str = "ada") -> dict[str, Any]:
    query = {"distribution_id": of, "recipient": recipient}
    (found,) = rest("GET", "/api/v1/deliveries", query=query).json["items"]
    shown: dict[str, Any] = found
    return shown


def status_of(rest: Rest, distribution: str) -> str:
    return str(rest("GET", f"/api/v1/distributions/{distribution}").json["status"])
