"""Answers with the path, after as many milliseconds as the query says."""

import json
import time


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    query = event.get("queryStringParameters") or {}
    assert isinstance(query, dict)
    time.sleep(float(query.get("ms", 0)) / 1000)
    return {"statusCode": 200, "body": json.dumps({"event": {"path": event["path"]}})}
