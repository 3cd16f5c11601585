"""Merge two entities into one, and split them again."""

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
from groundwork_core.knowledge.confidence import weigh
from groundwork_core.knowledge.ports import MergingWork
from groundwork_core.knowledge.resources import ENTITIES
from groundwork_core.resources.ports import Written
from groundwork_core.resources.reading import read_one
from groundwork_core.resources.writing import Expected


def merge_entity(one: UUID, into: UUID, expected: Expected, *, work: MergingWork) -> Written:
    """Merge the entity `one` into `into`, and return `into` after the merge.

    If `into` was itself merged earlier, its survivor is used.

    Raises:
        NotFound: `one` does not exist.
        Conflict: `one` is already merged.
        Invalid: `into` does not exist, or is `one`.
        VersionMismatch: the version of `one` is not among `expected`.
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
                work.confidences.join(one, into)
                work.merging.merge(one, into)
                weigh([into], work.confidences)
                stored = read_one(ENTITIES, into, store=work.resources)
                break
            survivor = _survivor(into, work)
            if survivor is None:
                raise _no_target("does not exist")
        into = survivor  # in a new transaction, as entities are locked in the order of ids
    return Written(str(into), stored.tag, stored.body, work.position)


def _must_be(expected: Expected, version: int) -> None:
    if expected.versions is not None and version not in expected.versions:
        raise VersionMismatch(f"The entity now has version {version}; read it again.")


def _gone(one: UUID, work: MergingWork) -> NotFound | Conflict:
    survivor = _survivor(one, work)
    if survivor is None:
        return NotFound(ENTITIES.missing())
    return Conflict(f"This entity is already merged into {survivor}.")


def _survivor(one: UUID, work: MergingWork) -> UUID | None:
    return work.survivors.of([one]).get(one)


def split_entity(one: UUID, *, work: MergingWork) -> Written:
    """Undo the merge of `one`, and return the restored entity.

    Raises:
        NotFound: `one` never existed, or was deleted with its survivor.
        Conflict: `one` is not merged.
        Unavailable: its survivor is being merged at the same time; retry.
    """
    with work:
        into = _survivor(one, work)
        if into is None:
            if work.resources.read(ENTITIES, one) is None:
                raise NotFound(ENTITIES.missing())
            raise Conflict("This entity is not merged into another.")
        work.merging.lock([into])
        if not work.merging.split(one, into):
            raise Unavailable("The entity it was merged into changed at the same time; retry.")
        weigh([one, into], work.confidences)
        stored = read_one(ENTITIES, one, store=work.resources)
    return Written(str(one), stored.tag, stored.body, work.position)


def _no_target(why: str) -> Invalid:
    return Invalid("The merge is not possible.", (Fault("/into", why),))
