"""Poll each new source once."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.ingestion.running import Run
from benchmarks.ingestion.usage import spent

SAMPLE_SECONDS = 2.0
POLLED = "SELECT count(*) FROM source_states WHERE polls > 0"
STATE = """
SELECT (SELECT count(*) FROM source_states WHERE polls > 0),
    (SELECT count(*) FROM documents),
    (SELECT count(*) FROM jobs WHERE status IN ('queued', 'leased')),
    (SELECT count(*) FROM outbox o, outbox_cursors c
        WHERE c.destination = 'graph' AND (o.xid, o.id) > (c.xid, c.id)
            AND o.aggregate IN ('entities', 'relationships'))
"""
STATUSES = """
SELECT coalesce(error, status), count(*) FROM polls GROUP BY 1 ORDER BY 2 DESC
"""
DURATIONS = """
SELECT percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms) FROM polls
"""


def cycle(run: Run, patience_seconds: float) -> dict[str, Any]:
    """Import the sources and wait until all are polled and their documents are in the graph."""
    number = len(run.web.urls)
    before, web_before = run.usage.cpu(), run.web.cpu()
    began = time.monotonic()
    run.import_sources()
    imported = time.monotonic() - began
    samples: list[tuple[float, int, int, int, int]] = []
    polled_after: float | None = None
    at_polled: dict[str, float] = {}
    while (passed := time.monotonic() - began) < patience_seconds:
        polled, documents, waiting, behind = run.one(STATE)
        samples.append((round(passed, 1), polled, documents, waiting, behind))
        if polled >= number and polled_after is None:
            polled_after, at_polled = passed, run.usage.cpu()
            print(f"all polled after {passed:.0f} s; {documents} documents", flush=True)
        if polled_after is not None and not waiting and not behind:
            break
        if len(samples) % 15 == 0:
            print(samples[-1], run.web.seen()["most_of_all"], flush=True)
        time.sleep(SAMPLE_SECONDS)
    total = time.monotonic() - began
    after = run.usage.cpu()
    p50, p95 = run.one(DURATIONS)[0]
    return {
        "sources": number,
        "imported_after": round(imported, 1),
        "polled_after": polled_after and round(polled_after, 1),
        "in_graph_after": round(total, 1),
        "polled": samples[-1][1],
        "documents": samples[-1][2],
        "duration_ms": {"p50": p50, "p95": p95},
        "cpu_until_polled": spent(before, at_polled or after),
        "cpu": spent(before, after),
        "web_cpu": round(run.web.cpu() - web_before, 1),
        "memory_mb": {name: round(most) for name, most in run.usage.memory.items()},
        "outcomes": dict(run.database.execute(STATUSES).fetchall()),
        "seen": run.web.seen(),
        "samples": samples,
    }
