"""Goes on until little of its time is left."""

import time
from typing import Any

LITTLE_MILLIS = 11_000


def handler(_event: dict[str, object], context: Any) -> dict[str, object]:
    while context.get_remaining_time_in_millis() > LITTLE_MILLIS:
        time.sleep(0.02)
    return {"statusCode": 200, "body": "done"}
