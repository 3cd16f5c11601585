"""procrastinate: `python -m benchmarks.jobs.peer_procrastinate URL COUNT SECONDS QUEUED RATE`.

With QUEUED it works off that many jobs; with RATE it works while jobs are added at that rate.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

import procrastinate
from psycopg_pool import AsyncConnectionPool

from benchmarks.jobs.peer_tables import TABLES, write
from benchmarks.jobs.results import statements


async def main() -> None:
    url, count, seconds, queued, rate = sys.argv[1], *map(float, sys.argv[2:])
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=url, max_size=int(count) + 4)
    )
    done, waits = 0, []
    async with (
        app.open_async(),
        AsyncConnectionPool(url, min_size=1, max_size=int(count)) as pool,
    ):
        with suppress(procrastinate.exceptions.ConnectorException):  # the schema is there
            await app.schema_manager.apply_schema_async()
        async with pool.connection() as connection:
            await connection.execute(TABLES)
            await connection.execute("TRUNCATE procrastinate_jobs CASCADE")

        @app.task(name="bench")
        async def bench(n: int, made: float) -> None:
            nonlocal done
            waits.append(time.time() - made)
            async with pool.connection() as connection:
                await write(connection, n, statements(n))
            done += 1

        if queued:
            await bench.batch_defer_async(*({"n": n, "made": 0.0} for n in range(int(queued))))
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=int(count), wait=True, install_signal_handlers=False,
                delete_jobs="never",
            )
        )  # fmt: skip
        began = time.time()
        if rate:
            for n in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + n / rate - time.time()))
                await bench.defer_async(n=n, made=time.time())
        while time.time() < began + seconds and not (queued and done == queued):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        took = time.time() - began
        print(json.dumps({"done": done, "seconds": took, "waits": waits if rate else []}))
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


asyncio.run(main())
