"""Store many engagements in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from groundwork_core.errors import Fault
from groundwork_core.ids import new_id
from groundwork_core.publishing.engagements import BatchEngagement
from groundwork_core.publishing.ports import EngagementOutcome, EngagementRow, EngagementsWork
from groundwork_core.resources.bulk import BulkOutcome, Refused, Upserted

NO_DISTRIBUTION = Refused((Fault("/distribution_id", "does not exist"),))
ANOTHER = Refused((Fault("/id", "is the id of another engagement"),))


def count_engagements(
    items: Mapping[int, BatchEngagement], *, work: EngagementsWork
) -> BulkOutcome:
    """Store engagements. `items` is by index.

    Items without an id are always new. An item with an id is created once, and unchanged when it
    is repeated. It is refused when its id belongs to a different engagement, or when its
    distribution does not exist.
    """
    rows: dict[UUID, EngagementRow] = {}
    stated: dict[int, EngagementRow] = {}
    for place, item in items.items():
        stated[place] = one = _counted(item)
        rows.setdefault(one.id, one)
    with work:
        fates = work.engagements.keep(list(rows.values())) if rows else []
    kept = dict(zip(rows, fates, strict=True))
    outcomes: list[Upserted | Refused] = []
    seen: set[UUID] = set()
    for one in stated.values():
        outcomes.append(_outcome(one, kept[one.id], rows[one.id], again=one.id in seen))
        seen.add(one.id)
    return BulkOutcome(outcomes, work.position)


def _counted(item: BatchEngagement) -> EngagementRow:
    at = item.occurred_at if "occurred_at" in item.model_fields_set else None
    return EngagementRow(item.id or new_id(), item.distribution_id, item.kind, item.count, at)


def _outcome(
    one: EngagementRow, fate: EngagementOutcome, kept: EngagementRow, *, again: bool
) -> Upserted | Refused:
    if again and one != kept:
        return ANOTHER
    if fate.created:
        return Upserted(one.id, "unchanged" if again else "created")
    if fate.same:
        return Upserted(one.id, "unchanged")
    return ANOTHER if fate.sent else NO_DISTRIBUTION
