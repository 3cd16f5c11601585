"""What a handler answers: a body that is ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class HttpResponse:
    """Status, body and headers. The body is text that nothing walks again."""

    status: int = 200
    body: str | bytes | None = None
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)
