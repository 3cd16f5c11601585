"""Find the survivors of merged entities in Postgres; the only place with this SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[str, Sequence[object]], Sequence[Sequence[object]]]

# As text, because prepared text statements return ids as text and psycopg's cursors as UUIDs.
OF = "SELECT id::text, into_id::text FROM merged_entities WHERE id = ANY(%s::uuid[])"
TAKEN_IN_BY = "SELECT into_id::text, id::text FROM merged_entities WHERE into_id = ANY(%s::uuid[])"

WITH_KEY = (
    "id = ANY(ARRAY(SELECT e.id FROM entities e WHERE e.key = groundwork_fold({key})"
    " UNION ALL SELECT m.into_id FROM merged_entities m WHERE m.key = groundwork_fold({key})))"
)
"""Condition on an entity: it has this key, or an entity with this key was merged into it."""
WITH_TYPE_AND_KEY = (
    "id = ANY(ARRAY("
    "SELECT e.id FROM entities e WHERE e.key = groundwork_fold({key}) AND e.type = {type}"
    " UNION ALL SELECT m.into_id FROM merged_entities m"
    " WHERE m.key = groundwork_fold({key}) AND m.type = {type}))"
)
"""The same for a key and a type together; the survivor may have another type or key."""


def survivors_of(run: Run, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the survivors of the ids that were merged, by old id."""
    if not ids:
        return {}
    rows = run(OF, [_array(ids)])
    return {UUID(str(old)): UUID(str(into)) for old, into in rows}


class PostgresSurvivors:
    """Implements `Survivors`."""

    def __init__(self, run: Run) -> None:
        """`run` runs a statement and returns its rows."""
        self._run = run

    def of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of the ids that were merged, by old id."""
        return survivors_of(self._run, ids)

    def merged_into(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        """Return the old ids that were merged into each of these entities."""
        found: dict[UUID, list[UUID]] = defaultdict(list)
        for into, old in self._run(TAKEN_IN_BY, [_array(ids)]) if ids else ():
            found[UUID(str(into))].append(UUID(str(old)))
        return found


def _array(ids: Collection[UUID]) -> str:
    return f"{{{','.join(map(str, ids))}}}"
