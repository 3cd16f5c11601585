"""Things of nearly any length, sent to the API."""

import json
from typing import Any

from .rest import Rest


def short(body: object) -> str:
    """JSON without what it need not have, so that bodies are no longer than routes take."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def made(rest: Rest, resource: str, **fields: object) -> Any:
    """One of a resource, with what it needs."""
    needed: dict[str, Any] = {
        "entities": {"name": "n", "type": "topic"},
        "jobs": {"kind": "review"},
        "configurations": {"key": "k"},
        "preferences": {"key": "k"},
        "contents": {"title": "t"},
    }
    if resource == "relationships":
        ends = [rest.create("entities", name="e", type="topic").json["id"] for _ in range(2)]
        needed[resource] = {"from_id": ends[0], "to_id": ends[1], "type": "USES"}
    if resource == "distributions":
        content = rest.create("contents", title="t").json["id"]
        needed[resource] = {"content_id": content, "channel": "mail", "status": "draft"}
    return rest("POST", f"/api/v1/{resource}", short({**needed[resource], **fields}))
