"""The result that every worker writes: ten statements of one job."""

from __future__ import annotations

from typing import Any

ENTITIES, RELATIONSHIPS, MENTIONS = 4, 3, 3
TOPICS = 2_000
"""Jobs speak of this many topics in turn, as documents do."""


def statements(number: int, about: str = "bench") -> dict[str, Any]:
    """Return ten statements for the job with this number, about topics with this prefix."""
    keys = [f"{about} topic {(number * ENTITIES + n) % TOPICS}" for n in range(ENTITIES)]
    return {
        "entities": [
            {"ref": f"e{n}", "type": "topic", "key": key, "name": key, "confidence": 0.9}
            for n, key in enumerate(keys)
        ],
        "relationships": [
            {"ref": f"r{n}", "from": f"e{n}", "to": f"e{n + 1}", "type": "RELATED_TO"}
            for n in range(RELATIONSHIPS)
        ],
        "mentions": [
            {"ref": f"e{n}", "role": "subject", "evidence": f"words of job {number}"}
            for n in range(MENTIONS)
        ],
    }
