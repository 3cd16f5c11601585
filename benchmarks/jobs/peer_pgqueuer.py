"""pgqueuer: `python -m benchmarks.jobs.peer_pgqueuer URL COUNT SECONDS QUEUED RATE`.

With QUEUED it works off that many jobs; with RATE it works while jobs are added at that rate.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from datetime import timedelta

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from psycopg_pool import AsyncConnectionPool

from benchmarks.jobs.peer_tables import TABLES, write
from benchmarks.jobs.results import statements


async def main() -> None:
    url, count, seconds, queued, rate = sys.argv[1], *map(float, sys.argv[2:])
    done, waits = 0, []
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as own,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as other,
        AsyncConnectionPool(url, min_size=1, max_size=int(count)) as pool,
    ):
        queries = Queries(PsycopgDriver(other))
        if not await queries.schema_is_installed():
            await queries.install()
        await other.execute(TABLES)
        await queries.clear_queue()
        queuer = PgQueuer(PsycopgDriver(own))

        @queuer.entrypoint("bench")
        async def bench(job: Job) -> None:
            nonlocal done
            given = json.loads(job.payload or b"{}")
            waits.append(time.time() - given["made"])
            async with pool.connection() as connection:
                await write(connection, given["n"], statements(given["n"]))
            done += 1

        async def add(n: int, made: float) -> None:
            await queries.enqueue("bench", json.dumps({"n": n, "made": made}).encode())

        if queued:
            bodies = [json.dumps({"n": n, "made": 0.0}).encode() for n in range(int(queued))]
            for start in range(0, len(bodies), 1_000):
                some = bodies[start : start + 1_000]
                await queries.enqueue(["bench"] * len(some), some, [0] * len(some))
        worker = asyncio.create_task(
            queuer.run(
                dequeue_timeout=timedelta(seconds=1),
                # No limit of its own: with one, it polls again only after a pause each time that
                # as many jobs run. The pool lets so many run at a time.
                batch_size=max(10, int(count)),
            )
        )
        began = time.time()
        if rate:
            for n in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + n / rate - time.time()))
                await add(n, time.time())
        while time.time() < began + seconds and not (queued and done == queued):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        took = time.time() - began
        print(json.dumps({"done": done, "seconds": took, "waits": waits if rate else []}))
        sys.stdout.flush()
        queuer.shutdown.set()
        worker.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.wait_for(worker, 5)


asyncio.run(main())
