"""Backlogs of many rows: carried by the instance's own relay, and by a plain loop beside it.

The relay is held back as another relay would hold it, by the lock on its destination, while the
rows are written and while the plain loop carries them. Then it is let go.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
from tests.child_instance import Instance

from benchmarks.cpu import cpu_by_part
from benchmarks.relay import peer
from benchmarks.relay.stores import graph_of, wipe

RELATIONSHIPS_AN_ENTITY = 2
ROWS_A_TRANSACTION = 1_000
WARM_ROWS = 15_000
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 300.0

ENTITIES = """
INSERT INTO entities (name, type, confidence, key, aliases, attributes)
SELECT 'Entity number ' || i, (ARRAY['person', 'organization', 'topic', 'website'])[1 + i %% 4],
    (i %% 100) / 100.0, %(series)s || '-' || i, ARRAY['alias ' || i],
    jsonb_build_object('rank', i, 'note', repeat('x', 80))
FROM generate_series(%(first)s::int, %(last)s::int) i
"""
RELATIONSHIPS = """
INSERT INTO relationships (from_id, to_id, type, confidence, valid_from, attributes)
SELECT (%(ids)s::uuid[])[1 + (i::bigint * 7919) %% %(n)s],
    (%(ids)s::uuid[])[1 + (i::bigint * 104729 + 1) %% %(n)s],
    (ARRAY['WRITES_FOR', 'WRITES_ABOUT', 'COVERS', 'LINKS_TO'])[1 + i %% 4], (i %% 100) / 100.0,
    '2020-01-01Z'::timestamptz + make_interval(mins => i), jsonb_build_object('rank', i)
FROM generate_series(%(first)s::int, %(last)s::int) i
"""
IDS = "SELECT id FROM entities WHERE key LIKE %s || '-%%' ORDER BY id"
LATER = (
    "UPDATE entities SET confidence = random() WHERE id = ANY(%s)",
    "UPDATE relationships SET confidence = random() WHERE from_id = ANY(%s)",
)
# For as long as the connection lasts: a transaction that idles would be ended.
HOLD = "SELECT pg_advisory_lock(hashtextextended('groundwork:outbox:graph', 0))"
BEHIND = """
SELECT c.destination FROM outbox_cursors c WHERE EXISTS (
    SELECT FROM outbox o WHERE (o.xid, o.id) > (c.xid, c.id) AND o.id <= %s)
"""


def throughput(instance: Instance, rows: int) -> dict[str, object]:
    """Carry new rows, then later versions of all of them; a small round first warms both sides."""
    _round(instance, "warm", WARM_ROWS)
    return _round(instance, "main", rows)


def _round(instance: Instance, series: str, rows: int) -> dict[str, object]:
    url = instance.addresses["DATABASE_URL"]
    found: dict[str, object] = {}
    with (
        psycopg.connect(url, autocommit=True) as database,
        graph_of(instance) as driver,
        instance.client() as client,
    ):
        for kind in ("new", "updates"):
            with _held(url):
                first = _newest(database)
                if kind == "new":
                    _fill(database, series, rows)
                else:
                    _change(database, series)
                last = _newest(database)
                _await(database, last, {"graph"})
                database.execute("CHECKPOINT")
                plain = peer.carry(url, driver, first, last)
                if kind == "new":
                    wipe(driver)
            before = cpu_by_part(psutil.Process(instance.process.pid))
            began = time.perf_counter()
            # Wakes the relay, as any write through the API does.
            body = {"name": f"{series} {kind}", "type": "other"}
            client.post("/api/v1/entities", json=body).raise_for_status()
            _await(database, last, set())
            seconds = time.perf_counter() - began
            after = cpu_by_part(psutil.Process(instance.process.pid))
            found[kind] = {
                "rows": plain.rows,
                "groundwork": round(plain.rows / seconds),
                "peer": round(plain.rows / plain.seconds),
                "cpu": {name: round(after[name] - before.get(name, 0.0), 1) for name in after},
                "seconds": round(seconds, 2),
            }
            print(series, kind, found[kind], flush=True)
    return found


@contextmanager
def _held(url: str) -> Iterator[None]:
    """Keep the relay from carrying to the graph."""
    with psycopg.connect(url, autocommit=True) as holder:
        holder.execute(HOLD)
        yield


def _fill(database: psycopg.Connection, series: str, rows: int) -> None:
    entities = rows // (1 + RELATIONSHIPS_AN_ENTITY)
    for first in range(0, entities, ROWS_A_TRANSACTION):
        last = min(first + ROWS_A_TRANSACTION, entities) - 1
        database.execute(ENTITIES, {"series": series, "first": first, "last": last})
    ids = [row[0] for row in database.execute(IDS, (series,))]
    for first in range(0, rows - entities, ROWS_A_TRANSACTION):
        last = min(first + ROWS_A_TRANSACTION, rows - entities) - 1
        given = {"ids": ids, "n": len(ids), "first": first, "last": last}
        database.execute(RELATIONSHIPS, given)
    database.execute("ANALYZE")


def _change(database: psycopg.Connection, series: str) -> None:
    ids = [row[0] for row in database.execute(IDS, (series,))]
    for statement in LATER:
        for first in range(0, len(ids), ROWS_A_TRANSACTION):
            database.execute(statement, (ids[first : first + ROWS_A_TRANSACTION],))


def _newest(database: psycopg.Connection) -> int:
    row = database.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()
    assert row is not None
    return int(row[0])


def _await(database: psycopg.Connection, last: int, but_for: set[str]) -> None:
    """Wait until all destinations (but for some) have had the rows up to this one."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while {row[0] for row in database.execute(BEHIND, (last,))} - but_for:
        if time.monotonic() > ends:
            message = f"rows still wait after {PATIENCE_SECONDS} s"
            raise TimeoutError(message)
        time.sleep(LOOK_SECONDS)
