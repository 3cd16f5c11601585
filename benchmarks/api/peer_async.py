"""The peer: FastAPI with an asynchronous SQLAlchemy session per request."""

import os
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.api.peer_models import (
    EntityOut,
    EntityPage,
    EntityPatch,
    NewEntity,
    change,
    etag,
    trail,
)
from benchmarks.api.token_check import caller
from groundwork_data.postgres.tables import Entity

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=20, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    """One session for one request."""
    async with sessions() as opened:
        yield opened


Db = Annotated[AsyncSession, Depends(session)]
User = Annotated[str, Depends(caller)]


@app.get("/api/v1/entities/{entity_id}")
async def read(entity_id: UUID, db: Db, user: User, response: Response) -> EntityOut:
    """Read one."""
    found = await db.get(Entity, entity_id)
    if found is None:
        raise HTTPException(404)
    response.headers["ETag"] = etag(found)
    return EntityOut.model_validate(found)


@app.get("/api/v1/entities")
async def page(db: Db, user: User, type: str, limit: int = 50) -> EntityPage:  # noqa: A002 - the API's word
    """List one page of a type."""
    rows = (
        await db.scalars(
            select(Entity).where(Entity.type == type).order_by(Entity.id.desc()).limit(limit + 1)
        )
    ).all()
    items = [EntityOut.model_validate(row) for row in rows[:limit]]
    more = str(items[-1].id) if len(rows) > limit else None
    return EntityPage(items=items, next_cursor=more)


@app.post("/api/v1/entities", status_code=201)
async def create(body: NewEntity, db: Db, user: User, response: Response) -> EntityOut:
    """Create one."""
    async with db.begin():
        entity = Entity(**body.model_dump())
        db.add(entity)
        await db.flush()
        db.add_all(trail(entity, "created", user, None))
    response.headers["ETag"] = etag(entity)
    response.headers["Location"] = f"/api/v1/entities/{entity.id}"
    return EntityOut.model_validate(entity)


@app.patch("/api/v1/entities/{entity_id}")
async def patch(
    entity_id: UUID,
    body: EntityPatch,
    db: Db,
    user: User,
    response: Response,
    if_match: Annotated[str, Header()],
) -> EntityOut:
    """Change one."""
    async with db.begin():
        entity = await db.get(Entity, entity_id, with_for_update=True)
        before = change(entity, body, if_match)
        assert entity is not None
        db.add_all(trail(entity, "updated", user, before))
    response.headers["ETag"] = etag(entity)
    return EntityOut.model_validate(entity)
