"""Writers that change entities and relationships as the REST function does, by its use cases."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from random import Random
from typing import get_args
from uuid import UUID

from groundwork_core.errors import GroundworkError
from groundwork_core.knowledge.entity_types import EntityType
from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.knowledge.resources import (
    ENTITIES,
    RELATIONSHIPS,
    EntityPatch,
    NewEntity,
    NewRelationship,
    RelationshipPatch,
)
from groundwork_core.resources.resource import Input, Resource
from groundwork_core.resources.writing import Expected, change, create, remove
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

HOT = 25
"""Writers meet each other, and themselves, on the newest of each kind."""
EDGE_TYPES = ("KNOWS", "TRUSTS", "COVERS")
WHICHEVER = Expected(None)


class World:
    """The ids of everything created so far, including what was deleted."""

    def __init__(self) -> None:
        self.entities: list[UUID] = []
        self.relationships: list[UUID] = []
        self.merged: list[UUID] = []


class Writer:
    """Makes changes, one transaction each. What the rules refuse does not count."""

    def __init__(self, url: str, world: World, seed: str) -> None:
        self._wiring = Wiring(Settings.from_environment({"DATABASE_URL": url}))
        self._world = world
        self._random = Random(seed)  # noqa: S311 - can be repeated
        self.done = 0

    def write(self, changes: int, pause_seconds: float) -> None:
        """Make so many, and pause about so long between them."""
        acts: dict[Callable[[], object], int] = {
            self._new_entity: 12,
            self._rename: 25,
            self._retype: 10,
            self._new_relationship: 20,
            self._doubt: 14,
            self._retype_relationship: 8,
            self._end: 4,
            self._delete: 3,
            self._merge: 3,
            self._split: 1,
        }
        with closing(self._wiring.database):
            while self.done < changes:
                (act,) = self._random.choices(list(acts), list(acts.values()))
                try:
                    act()
                except (GroundworkError, IndexError):  # it is gone by now, or there is none yet
                    continue
                self.done += 1
                time.sleep(self._random.uniform(0, 2 * pause_seconds))

    # Entities

    def _new_entity(self) -> None:
        new = NewEntity(name=self._name(), type=self._type(), aliases=(self._name(),))
        self._world.entities.append(self._create(ENTITIES, new))

    def _rename(self) -> None:
        patch = EntityPatch(name=self._name(), confidence=self._random.random())
        self._change(ENTITIES, self._entity(), patch)

    def _retype(self) -> None:
        self._change(ENTITIES, self._entity(), EntityPatch(type=self._type()))

    def _delete(self) -> None:
        remove(ENTITIES, self._entity(), WHICHEVER, store=self._wiring.resources)

    def _merge(self) -> None:
        one = self._entity()
        merge_entity(one, self._entity(), WHICHEVER, work=self._wiring.work())
        self._world.merged.append(one)

    def _split(self) -> None:
        split_entity(self._hot(self._world.merged), work=self._wiring.work())

    # Relationships

    def _new_relationship(self) -> None:
        new = NewRelationship(from_id=self._entity(), to_id=self._entity(), type=self._edge_type())
        self._world.relationships.append(self._create(RELATIONSHIPS, new))

    def _doubt(self) -> None:
        patch = RelationshipPatch(confidence=self._random.random())
        self._change(RELATIONSHIPS, self._relationship(), patch)

    def _retype_relationship(self) -> None:
        patch = RelationshipPatch(type=self._edge_type())
        self._change(RELATIONSHIPS, self._relationship(), patch)

    def _end(self) -> None:
        remove(RELATIONSHIPS, self._relationship(), WHICHEVER, store=self._wiring.resources)

    # ─────────────────────────────────────────────────────────────────────────────────────────────

    def _create(self, resource: Resource, new: Input) -> UUID:
        return UUID(create(resource, new, store=self._wiring.resources).id)

    def _change(self, resource: Resource, id_: UUID, patch: Input) -> None:
        change(resource, id_, WHICHEVER, patch, store=self._wiring.resources)

    def _entity(self) -> UUID:
        return self._hot(self._world.entities)

    def _relationship(self) -> UUID:
        return self._hot(self._world.relationships)

    def _hot(self, ids: list[UUID]) -> UUID:
        return self._random.choice(ids[-HOT:])

    def _type(self) -> EntityType:
        return self._random.choice(get_args(EntityType))

    def _edge_type(self) -> str:
        return self._random.choice(EDGE_TYPES)

    def _name(self) -> str:
        return f"Name {self._random.randrange(1_000_000)}"


class Crew:
    """Writers side by side."""

    def __init__(self, url: str, seed: int, writers: int) -> None:
        world = World()
        self._writers = [Writer(url, world, f"{seed}-{number}") for number in range(writers)]
        self._pool = ThreadPoolExecutor(writers, thread_name_prefix="writer")
        self._writing: list[Future[None]] = []

    def start(self, changes: int, seconds: float) -> None:
        """Begin to make so many changes together, in about so long."""
        each, pause = changes // len(self._writers), seconds * len(self._writers) / changes
        self._writing = [self._pool.submit(one.write, each, pause) for one in self._writers]

    @property
    def done(self) -> int:
        """The number of changes so far."""
        return sum(writer.done for writer in self._writers)

    @property
    def at_work(self) -> bool:
        return any(not one.done() for one in self._writing)

    def join(self) -> None:
        """Wait for them. Raises what one of them ended by."""
        self._pool.shutdown()
        for one in self._writing:
            one.result()
