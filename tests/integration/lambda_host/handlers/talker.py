"""Writes to its output in all the ways in which handlers do."""

import json
import logging
import os
import sys

logging.basicConfig(
    stream=sys.stdout, level="INFO", format='{"level":"INFO","message":"%(message)s"}'
)


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    print("plain text")
    print("to the error output", file=sys.stderr)
    logging.getLogger("talker").info("from logging")
    print(json.dumps({"message": "own", "request_id": "mine", "function": "me"}))
    os.write(1, b"straight to the descriptor\n")
    metric = {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Groundwork",
                    "Dimensions": [["kind"]],
                    "Metrics": [{"Name": "DocumentsStored", "Unit": "Count"}],
                }
            ],
        },
        "kind": "feed",
        "DocumentsStored": 3,
    }
    print(json.dumps(metric))
    print("unfinished", end="")
    return {"statusCode": 200, "body": ""}
