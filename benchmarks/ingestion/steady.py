"""Poll all sources every 15 minutes, for some minutes."""

from __future__ import annotations

import time
from typing import Any

import psutil

from benchmarks.ingestion.made_web import INTERVAL_SECONDS
from benchmarks.ingestion.running import Run
from benchmarks.ingestion.usage import spent

CHANGING = 0.05
"""Share of the feeds that have a new entry when they are polled."""
SETTLE_SECONDS = 60.0
SAMPLE_SECONDS = 10.0
SCHEDULE = f"""
UPDATE sources SET schedule = '{{"kind": "interval", "every_seconds": {INTERVAL_SECONDS}}}'
"""
SPREAD = f"""
UPDATE source_states SET failures = 0,
    next_poll_at = now() + random() * {INTERVAL_SECONDS} * interval '1 s'
"""
# The product does not keep when a poll was due, once the next one is planned.
WATCH = (
    "CREATE TABLE bench_lags (due timestamptz, at timestamptz, fetch_at timestamptz)",
    """
CREATE FUNCTION bench_note_lag() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO bench_lags VALUES (OLD.next_poll_at, NEW.last_poll_at, OLD.fetch_at);
    RETURN NULL;
END $$
""",
    "ALTER FUNCTION bench_note_lag() SET search_path = public",
    "CREATE TRIGGER bench_note_lag AFTER UPDATE ON source_states FOR EACH ROW"
    " WHEN (NEW.polls > OLD.polls) EXECUTE FUNCTION bench_note_lag()",
)
LAGS = """
SELECT count(*), percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (
    ORDER BY extract(epoch FROM at - due)::float8)
FROM bench_lags WHERE at > to_timestamp(%s)
"""
ROWS = """
SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid)
FROM pg_stat_user_tables WHERE n_tup_ins + n_tup_upd > 1000 ORDER BY 4 DESC LIMIT 12
"""
OUTCOMES = (
    "SELECT coalesce(error, status), count(*) FROM polls WHERE at > to_timestamp(%s) GROUP BY 1"
)
NEW = "SELECT coalesce(sum(new), 0) FROM polls WHERE at > to_timestamp(%s)"
MINUTE = """
SELECT count(*), max(extract(epoch FROM at - due))::float8 FROM bench_lags
WHERE at > to_timestamp(%s)
"""
DUE = "SELECT count(*) FROM source_states WHERE due_at <= now()"


def steady(run: Run, minutes: float) -> dict[str, Any]:
    """Measure for some minutes, after a minute to settle."""
    for statement in (*WATCH, SCHEDULE, SPREAD):
        run.database.execute(statement)
    run.web.start(CHANGING)
    time.sleep(SETTLE_SECONDS)
    began, before, web_before = time.time(), run.usage.cpu(), run.web.cpu()
    samples: list[tuple[float, int, float, int, float]] = []
    last = began
    while (passed := time.time() - began) < minutes * 60:
        time.sleep(max(0.0, min(60.0, minutes * 60 - passed)))
        now = time.time()
        polls, longest = run.database.execute(MINUTE, [last]).fetchone() or (0, 0.0)
        load = psutil.getloadavg()[0]
        due = run.one(DUE)[0]
        samples.append((round(now - began), polls, round(longest or 0.0, 1), due, round(load, 1)))
        print(samples[-1], flush=True)
        last = now
    seconds = time.time() - began
    after = run.usage.cpu()
    count, lags = run.database.execute(LAGS, [began]).fetchone() or (0, [0.0] * 4)
    outcomes = dict(run.database.execute(OUTCOMES, [began]).fetchall())
    return {
        "sources": len(run.web.urls),
        "seconds": round(seconds),
        "polls": count,
        "polls_a_minute": round(count / seconds * 60),
        "lag_seconds": {
            name: round(lag, 1)
            for name, lag in zip(("p50", "p95", "p99", "most"), lags, strict=True)
        },
        "new_documents": int((run.database.execute(NEW, [began]).fetchone() or (0,))[0]),
        "outcomes": outcomes,
        "cpu": spent(before, after),
        "web_cpu": round(run.web.cpu() - web_before, 1),
        "memory_mb": {name: round(most) for name, most in run.usage.memory.items()},
        "rows": run.database.execute(ROWS).fetchall(),
        "seen": run.web.seen(),
        "samples": samples,
    }
