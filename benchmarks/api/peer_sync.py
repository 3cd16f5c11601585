"""The peer: FastAPI with a synchronous SQLAlchemy session per request."""

import os
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

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

# FastAPI runs sync routes in 40 threads, so 40 connections; and a session as a dependency would be
# closed by another thread of those 40, which hangs for good when all of them wait for one.
engine = create_engine(os.environ["PEER_DATABASE_URL"], pool_size=40, max_overflow=0)
sessions = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


User = Annotated[str, Depends(caller)]


@app.get("/api/v1/entities/{entity_id}")
def read(entity_id: UUID, user: User, response: Response) -> EntityOut:
    """Read one."""
    with sessions() as db:
        found = db.get(Entity, entity_id)
        if found is None:
            raise HTTPException(404)
        response.headers["ETag"] = etag(found)
        return EntityOut.model_validate(found)


@app.get("/api/v1/entities")
def page(user: User, type: str, limit: int = 50) -> EntityPage:  # noqa: A002 - the API's word
    """List one page of a type."""
    with sessions() as db:
        rows = db.scalars(
            select(Entity).where(Entity.type == type).order_by(Entity.id.desc()).limit(limit + 1)
        ).all()
        items = [EntityOut.model_validate(row) for row in rows[:limit]]
    more = str(items[-1].id) if len(rows) > limit else None
    return EntityPage(items=items, next_cursor=more)


@app.post("/api/v1/entities", status_code=201)
def create(body: NewEntity, user: User, response: Response) -> EntityOut:
    """Create one."""
    with sessions() as db, db.begin():
        entity = Entity(**body.model_dump())
        db.add(entity)
        db.flush()
        db.add_all(trail(entity, "created", user, None))
    response.headers["ETag"] = etag(entity)
    response.headers["Location"] = f"/api/v1/entities/{entity.id}"
    return EntityOut.model_validate(entity)


@app.patch("/api/v1/entities/{entity_id}")
def patch(
    entity_id: UUID,
    body: EntityPatch,
    user: User,
    response: Response,
    if_match: Annotated[str, Header()],
) -> EntityOut:
    """Change one."""
    with sessions() as db, db.begin():
        entity = db.get(Entity, entity_id, with_for_update=True)
        before = change(entity, body, if_match)
        assert entity is not None
        db.add_all(trail(entity, "updated", user, before))
    response.headers["ETag"] = etag(entity)
    return EntityOut.model_validate(entity)
