"""A server that hands out jobs, and the outcomes that a worker tells it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from groundwork_client import (
    Client,
    Job,
)

from .scripted_server import Answer, Asked, Scripted, serving

TOKEN = "6e1c4f4e-0000-4000-8000-000000000000"
UNTIL = "2026-11-30T12:00:00.5Z"
LOST: Answer = (409, {"type": "/problems/lease-lost"}, {})


def leased(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "extract",
        "payload": {"document_id": "d"},
        "attempt": 1,
        "max_attempts": 5,
        "leased_until": UNTIL,
        "lease_token": TOKEN,
        "checkpoint": {"page": 2},
        "cancel_requested": False,
    }


@contextmanager
def jobs(
    *names: str, when: Callable[[Asked], Answer | None] = lambda _asked: None
) -> Iterator[tuple[Client, Scripted]]:
    """A client of a server that has these jobs; `when` answers otherwise.

    It is asked about each job of a request for several, as if the request were for one.
    """
    waiting = [leased(name) for name in names]

    def answer(asked: Asked) -> Answer:
        special = when(asked)
        if special is not None:
            return special
        action = asked.path.rsplit("/", 1)[1]
        if "items" in asked.body:
            alone = [
                Asked("POST", f"/api/v1/jobs/{one['id']}/{action}", one, {})
                for one in asked.body["items"]
            ]
            return 200, {"results": [_shown(*answer(one)) for one in alone]}, {}
        if action == "lease":
            count = asked.body.get("max", 1)
            taken = [waiting.pop(0) for _ in range(min(count, len(waiting)))]
            if "max" in asked.body:
                return 200, {"items": taken}, {}
            return (200, taken[0], {}) if taken else (204, None, {})
        if action == "status":
            return 200, {"leased_until": UNTIL, "cancel_requested": False}, {}
        return 200, {}, {}

    with serving(answer) as server, Client(server.url, "gw_live_k", worker="t/1") as client:
        yield client, server


def outcomes(server: Scripted) -> list[tuple[str, Any]]:
    """Return the end of each job: the last part of the path, and the body without its token."""
    found = []
    for asked in server.asked:
        if not asked.path.endswith("/lease"):
            for one in asked.body.get("items", [asked.body]):
                assert one.pop("lease_token") == TOKEN
            found.append((asked.path.removeprefix("/api/v1/jobs/"), asked.body))
    return found


def _shown(status: int, body: Any, _headers: object) -> dict[str, Any]:
    """Return the answer about one job, in a response about several."""
    return {"status": status, **body} if status == 200 else {"status": status, "error": body}


def work(client: Client, do: Callable[[Job], None], **how: Any) -> None:
    for job in client.jobs("extract", when_idle="stop", **how):
        with job:
            do(job)
