"""A queue function that logs each message it begins, and is slow with one of them."""

import os
import time
from pathlib import Path


def handler(event, context):  # type: ignore[no-untyped-def]
    """Appends to a file what it began, and what it finished."""
    log = Path(os.environ["WORK_LOG"])
    for record in event["Records"]:
        with log.open("a") as out:
            out.write(f"began {record['body']} {os.getpid()}\n")
        if record["body"] == "slow" and log.read_text().count("began slow") == 1:
            time.sleep(60)
        with log.open("a") as out:
            out.write(f"finished {record['body']} {os.getpid()}\n")
    return {"batchItemFailures": []}
