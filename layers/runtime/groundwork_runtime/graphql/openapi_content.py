"""OpenAPI content of /graphql, which decodes and encodes its bodies itself."""

from typing import Any

QUERY = "query($q: String!) { entities(filter: {q: $q}, first: 10) { edges { node { id name } } } }"
BODY: dict[str, Any] = {
    "application/json": {
        "schema": {
            "title": "GraphqlRequest",
            "type": "object",
            "properties": {
                "query": {"type": "string", "minLength": 1},
                "variables": {"type": ["object", "null"], "additionalProperties": True},
                "operationName": {"type": ["string", "null"]},
                "extensions": {
                    "type": ["object", "null"],
                    "description": "`persistedQuery.sha256Hash` names a persisted query.",
                    "additionalProperties": True,
                },
            },
        },
        "example": {"query": QUERY, "variables": {"q": "ada"}},
    }
}
ERRORS = {"type": "array", "items": {"$ref": "#/components/schemas/GraphqlError"}}
REJECTED = {
    "schema": {
        "title": "GraphqlRefused",
        "type": "object",
        "required": ["errors"],
        "properties": {"errors": ERRORS},
    },
    "example": {
        "errors": [
            {
                "message": "query must be a non-empty string.",
                "extensions": {"code": "BAD_USER_INPUT"},
            },
        ]
    },
}
RESULT = {
    "schema": {
        "title": "GraphqlAnswer",
        "type": "object",
        "description": "GraphQL response; every error has a stable `extensions.code`.",
        "properties": {
            "data": {"type": ["object", "null"], "additionalProperties": True},
            "errors": ERRORS,
            "extensions": {"type": "object", "additionalProperties": True},
        },
    },
    "example": {
        "data": {
            "entities": {
                "edges": [
                    {"node": {"id": "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f", "name": "Ada Lovelace"}}
                ]
            }
        },
        "extensions": {"cost": {"requested": 11, "limit": 20_000}},
    },
}
MEDIA_TYPES = ("application/json", "application/graphql-response+json")
RESULTS = dict.fromkeys(MEDIA_TYPES, RESULT)
PROBLEM_CONTENT = {400: dict.fromkeys(MEDIA_TYPES, REJECTED)}
PARAMETERS = (
    {
        "name": "X-Groundwork-Min-Position",
        "in": "header",
        "required": False,
        "description": "The `X-Groundwork-Position` of a write that the response must include.",
        "schema": {"type": "string"},
    },
)
TEXT = {"schema": {"type": "string"}}
PAGE = {"text/html": TEXT}
ASSETS = dict.fromkeys(("text/javascript", "text/css"), TEXT)
