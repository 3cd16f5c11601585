"""Tells who it is for, and waits for its caller's gate to open: a file of that name."""

import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: object) -> object:
    query = event["queryStringParameters"] or {}
    token = (event["headers"].get("authorization") or "").removeprefix("Bearer ")
    folder = Path(query["folder"])
    with (folder / "begun").open("a") as begun:
        begun.write(f"{query['name']}\n")
    while not (folder / query.get("gate", "open")).exists():
        time.sleep(0.005)
    if token.startswith("bad"):
        return {"statusCode": 401, "multiValueHeaders": {}, "body": ""}
    caller = {"X-Groundwork-Caller": [token.partition(".")[0]]} if token else {}
    return {"statusCode": 200, "multiValueHeaders": caller, "body": query["name"]}
