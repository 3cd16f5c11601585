"""Add GraphQL errors to problems, so that GraphQL clients understand them."""

from __future__ import annotations

import json
from typing import Any

from groundwork_runtime.http.application import Application
from groundwork_runtime.http.response import PROBLEM


class GraphqlApplication(Application):
    """An application whose problems have the member `errors` of GraphQL, each with a code."""

    def complete(self, response: dict[str, Any]) -> None:
        """Add the member to a problem."""
        if response["multiValueHeaders"].get("Content-Type") != [PROBLEM]:
            return
        body = json.loads(response["body"])
        code = body["type"].rpartition("/")[2].upper().replace("-", "_")
        for error in body.setdefault("errors", [{}]):
            error.setdefault("message", body["detail"])
            error.setdefault("extensions", {"code": code})
        response["body"] = json.dumps(body, ensure_ascii=False)
