"""Responds with what it was given."""

import json
import os
from typing import Protocol


class Context(Protocol):
    aws_request_id: str
    function_name: str
    memory_limit_in_mb: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: dict[str, object], context: Context) -> dict[str, object]:
    seen = {
        "event": event,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "function_name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "pid": os.getpid(),
    }
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(seen)}


def raw(event: object, context: Context) -> object:
    return {"got": event}
