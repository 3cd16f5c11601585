"""The peer of a team that minds performance: FastAPI, psycopg's pool, JSON made by Postgres.

One statement a request (sql/), no ORM; what Postgres made is sent as it is. Bodies are checked by
Pydantic, as FastAPI does it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from benchmarks.api.peer_models import EntityPatch, NewEntity
from benchmarks.api.token_check import caller

POOL_SIZE = 20
Row = Sequence[Any]

pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
    os.environ["PEER_DATABASE_URL"],
    min_size=POOL_SIZE,
    max_size=POOL_SIZE,
    open=False,
    kwargs={"autocommit": True, "cursor_factory": AsyncRawCursor, "prepare_threshold": 0},
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Keep the pool open while the application runs."""
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)
User = Annotated[str, Depends(caller)]


@app.get("/api/v1/entities/{entity_id}")
async def read(entity_id: UUID, user: User) -> Response:
    """Read one."""
    rows = await _run("read", entity_id)
    if not rows:
        raise HTTPException(404)
    version, body = rows[0]
    return _json(body, {"ETag": f'"{version}"'})


@app.get("/api/v1/entities")
async def page(user: User, type: str, limit: int = 50) -> Response:  # noqa: A002 - the API's word
    """List one page of a type."""
    rows = await _run("list", type, limit)
    more = f'"{rows[limit - 1][0]}"' if len(rows) > limit else "null"
    items = ",".join([body for _, body in rows[:limit]])
    return _json(f'{{"items":[{items}],"next_cursor":{more}}}')


@app.post("/api/v1/entities")
async def create(body: NewEntity, user: User) -> Response:
    """Create one."""
    rows = await _run("create", orjson.dumps(body.model_dump()).decode(), user)
    version, shown, id_ = rows[0]
    headers = {"ETag": f'"{version}"', "Location": f"/api/v1/entities/{id_}"}
    return _json(shown, headers, 201)


@app.patch("/api/v1/entities/{entity_id}")
async def patch(
    entity_id: UUID, body: EntityPatch, user: User, if_match: Annotated[str, Header()]
) -> Response:
    """Change one."""
    fields = orjson.dumps(body.model_dump(exclude_unset=True)).decode()
    rows = await _run("patch", entity_id, int(if_match.strip('"')), fields, user)
    before, shown = rows[0]
    if before is None:
        raise HTTPException(404)
    if shown is None:
        raise HTTPException(412)
    return _json(shown, {"ETag": f'"{before + 1}"'})


async def _run(name: str, *parameters: object) -> list[TupleRow]:
    async with pool.connection() as connection:
        cursor = await connection.execute(_sql(name), parameters)
        return await cursor.fetchall()


@cache
def _sql(name: str) -> bytes:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_bytes()


def _json(body: str, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    return Response(body, status, headers, "application/json")
