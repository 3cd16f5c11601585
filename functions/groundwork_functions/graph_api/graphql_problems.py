"""Add GraphQL errors to problems, so that GraphQL clients understand them."""

from __future__ import annotations

import json
from typing import Any

from groundwork_runtime.http.application import Application
from groundwork_runtime.http.response import PROBLEM


class GraphqlApplication(Application):
    """An application that adds GraphQL's member `errors`, with a code, to each problem."""

    def complete(self, response: dict[str, Any]) -> None:
        """Add the member `errors` to a problem."""
        if response["multiValueHeaders"].get("Content-Type") != [PROBLEM]:
            return
        body = json.loads(response["body"])
        code = body["type"].rpartition("/")[2].upper().replace("-", "_")
        for error in body.setdefault("errors", [{}]):
            detail = error.get("detail", body["detail"])
            error.setdefault("message", detail)
            error.setdefault("extensions", {"code": code})
        response["body"] = json.dumps(body, ensure_ascii=False)
