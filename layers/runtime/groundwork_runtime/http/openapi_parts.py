"""Parts of the OpenAPI document that every operation shares."""

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
            " `X-API-Key: gw_live_…`. Errors are `application/problem+json` (RFC 9457). A list is"
            " walked by `next_cursor`; a change names the version it means by `If-Match`."
        ),
    },
    "servers": [{"url": "/"}],
}

FAULT_SCHEMA: Json = {
    "title": "Fault",
    "type": "object",
    "description": "One fault of the input, and where it is.",
    "required": ["pointer", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "A JSON pointer into the body, or / and a parameter's name.",
        },
        "detail": {"type": "string"},
    },
}
PROBLEM_SCHEMA: Json = {
    "title": "Problem",
    "type": "object",
    "description": "What went wrong (RFC 9457). /graphql tells its errors as GraphQL does.",
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
    "description": "What GraphQL says of one error.",
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
        "description": "Finds the log lines of this request.",
        "required": True,
        "schema": TEXT,
    },
    "ETag": {
        "description": "The version, for If-Match and If-None-Match.",
        "required": True,
        "schema": TEXT,
    },
    "Location": {
        "description": "Where it is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "X-Groundwork-Position": {
        "description": "Send it to /graphql as X-Groundwork-Min-Position to read your own write.",
        "schema": TEXT,
    },
    "Idempotent-Replayed": {
        "description": "The request was answered before; nothing happened this time.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit-Policy": {
        "description": "The burst, and the seconds it fills in; told to known callers.",
        "schema": TEXT,
    },
    "RateLimit": {"description": "What is left of it, and when all is back.", "schema": TEXT},
    "RateLimit-Limit": {"description": "The burst, once more.", "schema": COUNT},
    "RateLimit-Remaining": {"description": "What is left of it.", "schema": COUNT},
    "RateLimit-Reset": {"description": "Seconds until all is back.", "schema": COUNT},
    "WWW-Authenticate": {
        "description": "How to say who you are.",
        "required": True,
        "schema": TEXT,
    },
    "Allow": {"description": "The methods that the path takes.", "required": True, "schema": TEXT},
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
"""Told before anybody asks who is calling, and so without the rate limit's headers."""
FAULTS: dict[int, list[Json]] = {
    409: [{"pointer": "/key", "detail": "is taken"}],
    422: [{"pointer": "/limit", "detail": "must be a whole number from 1 to 200"}],
}
"""Faults in examples, where a problem of the kind has some."""


def headers_of(*names: str) -> Json:
    """Headers of an answer; each answer has the request's id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def problem_answer(kind: ProblemType) -> Json:
    """A response object of a problem."""
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
    """Name the response of a problem that HEAD is answered with."""
    return f"{slug}-head"


def _responses() -> Json:
    answers = {kind.slug: problem_answer(kind) for kind in DOCUMENTED}
    heads = {
        without_body(slug): {name: part for name, part in answer.items() if name != "content"}
        for slug, answer in answers.items()
    }
    return answers | heads


COMPONENTS: Json = {
    "securitySchemes": {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of `/api/v1/auth/login`.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The `key` that `POST /api/v1/api-keys` showed once.",
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
"""Security of what only somebody known may call: either will do."""
LOGGED_IN: list[Json] = [{"bearer": []}]
"""Security of what an API key cannot do for its user."""


IF_MATCH = r'^(\*|"[0-9]{1,18}(-[!#-~]*)?"( *, *"[0-9]{1,18}(-[!#-~]*)?")*)$'


def conditional_parameters(kind: str | None) -> list[Json]:
    """Headers that a conditional request takes."""
    if kind is None:
        return []
    if kind == "read":
        text = "ETags that the client has."
        return [_header("If-None-Match", text, TEXT, '"7"', required=False)]
    text = "The ETag of the version that is meant, or `*` for any."
    schema = {"type": "string", "pattern": IF_MATCH}
    return [_header("If-Match", text, schema, '"7"', required=True)]


def _header(name: str, text: str, schema: Json, example: str, *, required: bool) -> Json:
    told = {"name": name, "in": "header", "required": required, "description": text}
    return {**told, "schema": schema, "example": example}


IDEMPOTENCY_KEY: Json = _header(
    "Idempotency-Key",
    "Makes the request safe to send again for 24 hours: the same key and body get the same answer.",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f",
    required=False,
)
