"""The peer: FastAPI with an asynchronous SQLAlchemy session per request."""

import os
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.http.peer_models import EntityOut, EntityPage
from benchmarks.http.token_check import caller
from groundwork_data.postgres.tables import Entity

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=20, max_overflow=0)
sessions = async_sessionmaker(engine)
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    """One session for one request."""
    async with sessions() as opened:
        yield opened


async def user(found: Annotated[str, Depends(caller)]) -> str:
    """Whose token it is."""
    return found


Db = Annotated[AsyncSession, Depends(session)]
User = Annotated[str, Depends(user)]


@app.get("/api/v1/entities/{entity_id}")
async def read(entity_id: UUID, db: Db, user: User) -> EntityOut:
    """Read one."""
    found = await db.get(Entity, entity_id)
    if found is None:
        raise HTTPException(404)
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
