"""Parts of the OpenAPI document that every operation shares."""

from __future__ import annotations

from typing import Any

from groundwork_runtime.http.answer import PROBLEM
from groundwork_runtime.http.problem import KINDS, Kind

Json = dict[str, Any]

INFO: Json = {
    "info": {
        "title": "Groundwork",
        "version": "1",
        "description": (
            "Sources, documents, entities and relationships. Log in at `/api/v1/auth/login` and"
            " send the access token as `Authorization: Bearer …`. Errors are"
            " `application/problem+json` (RFC 9457). A list is walked by `next_cursor`; a change"
            " names the version it means by `If-Match`."
        ),
    },
    "servers": [{"url": "/"}],
}

PROBLEM_SCHEMA: Json = {
    "title": "Problem",
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "A JSON pointer into the body, or / and a parameter's name.",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

TEXT: Json = {"type": "string"}
RETRY_AFTER: Json = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
EXTRA_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": TEXT}},
    405: {"Allow": {"schema": TEXT}},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}


def problem_answer(kind: Kind) -> Json:
    """A response object of a problem."""
    answer: Json = {
        "description": f"{kind.title}.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if kind.status in EXTRA_HEADERS:
        answer["headers"] = EXTRA_HEADERS[kind.status]
    return answer


COMPONENTS: Json = {
    "securitySchemes": {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of `/api/v1/auth/login`.",
        }
    },
    "responses": {kind.slug: problem_answer(kind) for kind in KINDS.values()},
    "schemas": {"Problem": PROBLEM_SCHEMA},
}

ETAG: Json = {"description": "The version, for If-Match and If-None-Match.", "schema": TEXT}
LOCATION: Json = {
    "description": "Where it is.",
    "schema": {"type": "string", "format": "uri-reference"},
}
POSITION: Json = {
    "description": "Send it to /graphql as X-Groundwork-Min-Position to read your own write.",
    "schema": TEXT,
}


def conditional_parameters(kind: str | None) -> list[Json]:
    """Headers that a conditional request takes."""
    if kind is None:
        return []
    name, text = (
        ("If-None-Match", "ETags that the client has.")
        if kind == "read"
        else ("If-Match", "The ETag of the version that is meant, or `*` for any.")
    )
    needed = kind == "write"
    return [{"name": name, "in": "header", "required": needed, "description": text, "schema": TEXT}]


def answer_headers(status: int, conditional: str | None, *, writes: bool) -> Json:
    """Headers of a good answer."""
    headers: Json = {}
    if (conditional or status == 201) and status != 204:  # noqa: PLR2004 - created; no content
        headers["ETag"] = ETAG
    if status == 201:  # noqa: PLR2004 - created
        headers["Location"] = LOCATION
    if writes:
        headers["X-Groundwork-Position"] = POSITION
    return headers
