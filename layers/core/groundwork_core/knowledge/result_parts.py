"""Parts of a result: each part is applied once, and the last one ends the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groundwork_core.errors import Conflict
from groundwork_core.knowledge.model import StatedResult
from groundwork_core.knowledge.result_2 import ExtractionResult2

NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """A part that was applied, with counts of its statements."""

    part: int
    entities: int
    relationships: int
    mentions: int
    embeddings: int


def counted(result: StatedResult, before: Sequence[Taken] = ()) -> Taken:
    """Count the statements of a result. Without a number, it is the part after `before`."""
    part, embeddings = None, 0
    if isinstance(result, ExtractionResult2):
        part, embeddings = result.part, len(result.embeddings)
    return Taken(
        part=part or 1 + max((one.part for one in before), default=0),
        entities=len(result.entities),
        relationships=len(result.relationships),
        mentions=len(result.mentions),
        embeddings=embeddings,
    )


def is_partial(result: StatedResult) -> bool:
    """True if more parts follow."""
    return isinstance(result, ExtractionResult2) and result.partial


def is_part(result: StatedResult) -> bool:
    """True if it is one of several parts, which belong to one lease."""
    return isinstance(result, ExtractionResult2) and (result.partial or result.part is not None)


def in_order(result: StatedResult) -> tuple[bool, int]:
    """Sort key for the parts of a job, so that the last part comes last."""
    part = result.part if isinstance(result, ExtractionResult2) else None
    return (not is_partial(result), part or 0)


def must_be_whole(result: StatedResult, before: Sequence[Taken]) -> None:
    """Raise Conflict if a last part that states its number arrives before other parts."""
    if not is_part(result) or is_partial(result):
        return
    taken = {one.part for one in before}
    missing = [part for part in range(1, counted(result, before).part) if part not in taken]
    if missing:
        named = ", ".join(map(str, missing[:NAMED_MAX]))
        more = " and more" if len(missing) > NAMED_MAX else ""
        raise Conflict(f"Parts before this one have not been handed in: {named}{more}.")


def summed(parts: Sequence[Taken]) -> dict[str, int]:
    """Return the sums of the counts of several parts."""
    return {
        "entities": sum(one.entities for one in parts),
        "relationships": sum(one.relationships for one in parts),
        "mentions": sum(one.mentions for one in parts),
        "embeddings": sum(one.embeddings for one in parts),
    }
