"""Problems that GraphQL clients understand too: their `errors` carry a code each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from groundwork_runtime.http.application import Application
from groundwork_runtime.http.response import PROBLEM


class GraphqlApplication(Application):
    """Adds GraphQL's `errors` to a problem, so that both kinds of clients can read it."""

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answer an API Gateway v1 proxy event."""
        answer = super().__call__(event, context)
        if answer["multiValueHeaders"].get("Content-Type") == [PROBLEM]:
            body = json.loads(answer["body"])
            code = body["type"].rpartition("/")[2].upper().replace("-", "_")
            for error in body.setdefault("errors", [{}]):
                error.setdefault("message", body["detail"])
                error.setdefault("extensions", {"code": code})
            answer["body"] = json.dumps(body, ensure_ascii=False)
        return answer
