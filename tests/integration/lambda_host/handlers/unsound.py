"""Goes wrong in the way that the event names."""

import os
import signal
import sys


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    query = event.get("queryStringParameters") or event
    assert isinstance(query, dict)
    match query.get("how"):
        case "raise":
            raise ValueError("the secret of this stack trace")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            sys.exit(3)
        case "object":
            return {"statusCode": 200, "body": object()}
        case "greedy":
            held = bytearray(400 * 1024 * 1024)
            return {"statusCode": 200, "body": str(len(held))}
        case "large":
            return {"statusCode": 200, "body": "x" * (7 * 1024 * 1024)}
    return {"statusCode": 200, "body": str(os.getpid())}
