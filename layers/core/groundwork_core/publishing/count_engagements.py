"""Store many engagements in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid5

from groundwork_core.errors import Fault
from groundwork_core.ids import new_id
from groundwork_core.publishing.automated import is_automated
from groundwork_core.publishing.engagements import BatchEngagement
from groundwork_core.publishing.ports import EngagementOutcome, EngagementRow, EngagementsWork
from groundwork_core.resources.bulk import BulkOutcome, Refused, Upserted

NO_DISTRIBUTION = Refused((Fault("/distribution_id", "does not exist"),))
BOTH = Refused((Fault("/id", "cannot be given together with event_id"),))
ANOTHER_EVENT = Refused((Fault("/event_id", "is that of another event"),))
ANOTHER = Refused((Fault("/id", "is the id of another engagement"),))


def count_engagements(
    items: Mapping[int, BatchEngagement], *, work: EngagementsWork
) -> BulkOutcome:
    """Store engagements. `items` is by index.

    Items without an id are always new. An item with an id is created once, and unchanged when it
    is repeated. It is refused when its id belongs to a different engagement, or when its
    distribution does not exist.
    """
    refused = {place for place, item in items.items() if item.id and item.event_id}
    items = {place: item for place, item in items.items() if place not in refused}
    rows: dict[UUID, EngagementRow] = {}
    stated: dict[int, EngagementRow] = {}
    for place, item in items.items():
        stated[place] = one = _counted(item)
        rows.setdefault(one.id, one)
    with work:
        fates = work.engagements.keep(list(rows.values())) if rows else []
    kept = dict(zip(rows, fates, strict=True))
    outcomes: dict[int, Upserted | Refused] = dict.fromkeys(refused, BOTH)
    seen: set[UUID] = set()
    for place, one in stated.items():
        outcomes[place] = _outcome(one, kept[one.id], rows[one.id], again=one.id in seen)
        seen.add(one.id)
    return BulkOutcome([outcomes[place] for place in sorted(outcomes)], work.position)


def _counted(item: BatchEngagement) -> EngagementRow:
    at = item.occurred_at if "occurred_at" in item.model_fields_set else None
    # One event of a distribution has one id, whoever stores it and whenever.
    of_event = uuid5(item.distribution_id, item.event_id) if item.event_id else None
    return EngagementRow(
        item.id or of_event or new_id(),
        item.distribution_id,
        item.kind,
        item.count,
        at,
        item.event_id,
        item.agent,
        is_automated(item.agent),
    )


def _outcome(
    one: EngagementRow, fate: EngagementOutcome, kept: EngagementRow, *, again: bool
) -> Upserted | Refused:
    if again and one != kept:
        return _another(one)
    if fate.created:
        return Upserted(one.id, "unchanged" if again else "created")
    if fate.same:
        return Upserted(one.id, "unchanged")
    return _another(one) if fate.sent else NO_DISTRIBUTION


def _another(one: EngagementRow) -> Refused:
    return ANOTHER_EVENT if one.event_id else ANOTHER
