"""Components that all operations in the OpenAPI document share: headers, problems, security."""

from __future__ import annotations

from typing import Any

from groundwork_runtime.http.problem import DOCUMENTED, ProblemType
from groundwork_runtime.http.rate_limit_headers import NAMES as LIMITS
from groundwork_runtime.http.response import PROBLEM

Json = dict[str, Any]

INFO: Json = {
    "info": {
        "title": "Groundwork",
        "version": "1",
        "description": (
            "Sources, documents, entities and relationships. Log in at `/api/v1/auth/login` and"
            " send the access token as `Authorization: Bearer …`, or send an API key as"
            " `X-API-Key: gw_live_…`. Errors are `application/problem+json` (RFC 9457). Lists are"
            " paged: pass `next_cursor` as `cursor` to get the next page. Changes require the ETag"
            " of the current version in `If-Match`."
        ),
    },
    "servers": [{"url": "/"}],
}

FAULT_SCHEMA: Json = {
    "title": "Fault",
    "type": "object",
    "description": "One error in the input and its location.",
    "required": ["pointer", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "JSON pointer into the body, or `/` and a parameter or header name.",
        },
        "detail": {"type": "string"},
    },
}
PROBLEM_SCHEMA: Json = {
    "title": "Problem",
    "type": "object",
    "description": "An error (RFC 9457). On `/graphql`, `errors` has GraphQL errors.",
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
                "anyOf": [
                    {"$ref": "#/components/schemas/Fault"},
                    {"$ref": "#/components/schemas/GraphqlError"},
                ]
            },
        },
    },
}
GRAPHQL_ERROR_SCHEMA: Json = {
    "title": "GraphqlError",
    "type": "object",
    "description": "One GraphQL error; `extensions.code` is stable.",
    "required": ["message", "extensions"],
    "properties": {
        "message": {"type": "string"},
        "path": {"type": "array", "items": {"type": ["string", "integer"]}},
        "locations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "column"],
                "properties": {"line": {"type": "integer"}, "column": {"type": "integer"}},
            },
        },
        "extensions": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": {"type": "string"}},
        },
    },
}

TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
HEADERS: Json = {
    "X-Request-Id": {
        "description": "Id of the request, which is also in its log lines.",
        "required": True,
        "schema": TEXT,
    },
    "ETag": {
        "description": "Version of the representation, for `If-Match` and `If-None-Match`.",
        "required": True,
        "schema": TEXT,
    },
    "Location": {
        "description": "URL of the resource.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "X-Groundwork-Position": {
        "description": "Position of this write. Send it to `/graphql` as"
        " `X-Groundwork-Min-Position` to read a state that includes the write.",
        "schema": TEXT,
    },
    "Idempotent-Replayed": {
        "description": "The response is that of an earlier request with the same"
        " `Idempotency-Key`; this request had no effect.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Policy": {
        "description": "Rate limit of an authenticated caller: burst `q`, refilled in `w` seconds.",
        "schema": TEXT,
    },
    "RateLimit": {
        "description": "Remaining requests `r`, and seconds `t` until the full burst is available.",
        "schema": TEXT,
    },
    "RateLimit-Limit": {"description": "Largest burst of requests.", "schema": COUNT},
    "RateLimit-Remaining": {
        "description": "Requests that remain at present.",
        "schema": COUNT,
    },
    "RateLimit-Reset": {
        "description": "Seconds until the full burst is available again.",
        "schema": COUNT,
    },
    "WWW-Authenticate": {
        "description": "The accepted authentication scheme.",
        "required": True,
        "schema": TEXT,
    },
    "Allow": {
        "description": "Methods that the path supports.",
        "required": True,
        "schema": TEXT,
    },
}
EXTRA_HEADERS: dict[int, tuple[str, ...]] = {
    308: ("Location",),
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
UNCOUNTED = (405, 413)
"""Statuses sent before authentication, and therefore without rate limit headers."""
FAULTS: dict[int, list[Json]] = {
    409: [{"pointer": "/key", "detail": "is already used"}],
    422: [{"pointer": "/limit", "detail": "must be a whole number from 1 to 200"}],
}
"""Faults for the examples of problems that have some."""


def headers_of(*names: str) -> Json:
    """Return references to response headers; every response has the request id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def problem_response(kind: ProblemType) -> Json:
    """Return the response object of a problem type."""
    example: Json = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "instance": "/api/v1/entities",
        "request_id": "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f",
    }
    if kind.status in FAULTS:
        example["errors"] = FAULTS[kind.status]
    limits = () if kind.status in UNCOUNTED else LIMITS
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": f"{kind.title}.",
        "headers": headers_of(*EXTRA_HEADERS.get(kind.status, ()), *limits),
        "content": {PROBLEM: {"schema": schema, "example": example}},
    }


def without_body(slug: str) -> str:
    """Return the name of the response component without a body, for HEAD."""
    return f"{slug}-head"


def _responses() -> Json:
    responses = {kind.slug: problem_response(kind) for kind in DOCUMENTED}
    heads = {
        without_body(slug): {name: part for name, part in response.items() if name != "content"}
        for slug, response in responses.items()
    }
    return responses | heads


COMPONENTS: Json = {
    "securitySchemes": {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` that `POST /api/v1/auth/login` returns.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The `key` that `POST /api/v1/api-keys` returns once.",
        },
    },
    "headers": HEADERS,
    "responses": _responses(),
    "schemas": {
        "Problem": PROBLEM_SCHEMA,
        "Fault": FAULT_SCHEMA,
        "GraphqlError": GRAPHQL_ERROR_SCHEMA,
    },
}
KNOWN: list[Json] = [{"bearer": []}, {"apiKey": []}]
"""Security of operations that accept an access token or an API key."""
LOGGED_IN: list[Json] = [{"bearer": []}]
"""Security of operations that accept an access token only."""


IF_MATCH = r'^(\*|"[0-9]{1,18}(-[!#-~]*)?"( *, *"[0-9]{1,18}(-[!#-~]*)?")*)$'


def conditional_parameters(kind: str | None) -> list[Json]:
    """Return the header parameters of a conditional read or write."""
    if kind is None:
        return []
    if kind == "read":
        text = "ETags of the client's copies; 304 if one of them is current."
        return [_header("If-None-Match", text, TEXT, '"7"', required=False)]
    text = "ETag of the version to change, or `*` for any version."
    schema = {"type": "string", "pattern": IF_MATCH}
    return [_header("If-Match", text, schema, '"7"', required=True)]


def _header(name: str, text: str, schema: Json, example: str, *, required: bool) -> Json:
    header = {"name": name, "in": "header", "required": required, "description": text}
    return {**header, "schema": schema, "example": example}


IDEMPOTENCY_KEY: Json = _header(
    "Idempotency-Key",
    "Makes the request safe to repeat: for 24 hours, the same key and body get the first response.",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f",
    required=False,
)
