"""Takes as long as the event says."""

import json
import os
import time


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    query = event.get("queryStringParameters") or event
    assert isinstance(query, dict)
    time.sleep(float(query.get("seconds", 0)))
    return {"statusCode": 200, "body": json.dumps({"pid": os.getpid()})}
