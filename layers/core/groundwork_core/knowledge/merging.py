"""Two entities that are one: merged, and split again."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.errors import (
    Conflict,
    Fault,
    Invalid,
    NotFound,
    Unavailable,
    VersionMismatch,
)
from groundwork_core.knowledge.ports import MergingWork
from groundwork_core.knowledge.resources import ENTITIES
from groundwork_core.resources.ports import Written
from groundwork_core.resources.reading import read_one
from groundwork_core.resources.writing import Expected


def merge_entity(one: UUID, into: UUID, expected: Expected, *, work: MergingWork) -> Written:
    """Make `one` a part of `into`, and return what that is now.

    Where `into` was merged itself, its survivor is meant.

    Raises:
        NotFound: `one` is not there.
        Conflict: `one` was merged already.
        Invalid: `into` is not there, or is `one`.
        VersionMismatch: `one` has another version than `expected`.
    """
    while True:
        if one == into:
            raise _no_target("is the entity itself")
        with work:
            versions = work.merging.lock([one, into])
            if one not in versions:
                raise _gone(one, work)
            if into in versions:
                _must_be(expected, versions[one])
                work.merging.merge(one, into)
                stored = read_one(ENTITIES, into, store=work.resources)
                break
            survivor = _survivor(into, work)
            if survivor is None:
                raise _no_target("no such thing")
        into = survivor  # in a new transaction, for several are locked in one order
    return Written(str(into), stored.tag, stored.body, work.position)


def _must_be(expected: Expected, version: int) -> None:
    if expected.versions is not None and version not in expected.versions:
        raise VersionMismatch(f"This entity now has version {version}; read it again.")


def _gone(one: UUID, work: MergingWork) -> NotFound | Conflict:
    survivor = _survivor(one, work)
    if survivor is None:
        return NotFound(ENTITIES.missing())
    return Conflict(f"This entity was merged into {survivor} already.")


def _survivor(one: UUID, work: MergingWork) -> UUID | None:
    return work.survivors.of([one]).get(one)


def split_entity(one: UUID, *, work: MergingWork) -> Written:
    """Undo the merge of `one`, and return what it is now.

    Raises:
        NotFound: there never was one, or it went with the one into which it was merged.
        Conflict: it is not merged.
        Unavailable: the one into which it was merged is being merged itself; try again.
    """
    with work:
        into = _survivor(one, work)
        if into is None:
            if work.resources.read(ENTITIES, one) is None:
                raise NotFound(ENTITIES.missing())
            raise Conflict("This entity is not merged into another.")
        work.merging.lock([into])
        if not work.merging.split(one, into):
            raise Unavailable("What it was merged into was changed meanwhile.")
        stored = read_one(ENTITIES, one, store=work.resources)
    return Written(str(one), stored.tag, stored.body, work.position)


def _no_target(why: str) -> Invalid:
    return Invalid("It cannot be merged into that.", (Fault("/into", why),))
