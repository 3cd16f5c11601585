"""The response of a handler."""

from __future__ import annotations

from dataclasses import dataclass, field

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class HttpResponse:
    """Status, encoded body and headers of a response."""

    status: int = 200
    body: str | bytes | None = None
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)
