"""Shows its environment, and the modules that are loaded with it."""

import json
import os
import sys


def handler(event: object, context: object) -> dict[str, object]:
    seen = {"environ": dict(os.environ), "modules": sorted(sys.modules), "path": sys.path}
    return {"statusCode": 200, "body": json.dumps(seen)}
