"""Run in a process of its own: import a handler, give it one event, print what it took.

python -m benchmarks.cold_start.first_event module.attribute event.json
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from uuid import uuid4

SECONDS = 30


class Context:
    """The context that Lambda passes to a handler."""

    function_name = "cold-start"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    aws_request_id = str(uuid4())
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:cold-start"
    log_group_name = "/aws/lambda/cold-start"
    log_stream_name = "1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Plenty."""
        return SECONDS * 1000


def cpu_seconds() -> float:
    """CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure once."""
    entry, event_file = sys.argv[1:]
    module, _, attribute = entry.rpartition(".")
    # Here for the plots alone. The Neo4j driver imports it where it is, for half of its own price;
    # no function's zip has it, and the peer would not either.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    event = json.loads(Path(event_file).read_text())
    python = cpu_seconds()
    started = time.perf_counter()
    handler = getattr(importlib.import_module(module), attribute)
    imported = cpu_seconds()
    answer = handler(event, Context())
    done = cpu_seconds()
    seconds = time.perf_counter() - started
    json.dump(
        {
            "python": python,
            "import": imported - python,
            "first_event": done - imported,
            "total": done - python,
            "wall": seconds,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "status": answer.get("statusCode") if isinstance(answer, dict) else None,
        },
        sys.stderr,
    )


if __name__ == "__main__":
    main()
