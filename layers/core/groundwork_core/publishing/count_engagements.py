"""Store many engagements in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from groundwork_core.clock import Clock
from groundwork_core.errors import Fault
from groundwork_core.ids import new_id
from groundwork_core.publishing.automated import Act, Known, Reason, Span, reasons
from groundwork_core.publishing.engagements import BatchEngagement
from groundwork_core.publishing.ports import EngagementsWork
from groundwork_core.publishing.rows import EngagementOutcome, EngagementRow
from groundwork_core.resources.bulk import BulkOutcome, Refused, Upserted

NO_DISTRIBUTION = Refused((Fault("/distribution_id", "does not exist"),))
BOTH = Refused((Fault("/id", "cannot be given together with event_id"),))
ANOTHER_EVENT = Refused((Fault("/event_id", "belongs to another event"),))
ANOTHER = Refused((Fault("/id", "belongs to another engagement"),))


def count_engagements(
    items: Mapping[int, BatchEngagement], *, work: EngagementsWork, clock: Clock
) -> BulkOutcome:
    """Store engagements. `items` is by index.

    An item without an id is always inserted. An item with an id is inserted once; a repetition has
    the outcome `unchanged`. An item is refused if its id belongs to a different engagement, if its
    distribution does not exist, or if it occurred before the months that are kept.
    """
    refused = {place for place, item in items.items() if item.id and item.event_id}
    items = {place: item for place, item in items.items() if place not in refused}
    rows: dict[UUID, EngagementRow] = {}
    stated: dict[int, EngagementRow] = {}
    for place, item in items.items():
        stated[place] = one = _counted(item)
        rows.setdefault(one.id, one)
    with work:
        fates = _keep(rows, work, clock.now()) if rows else []
    kept = dict(zip(rows, fates, strict=True))
    outcomes: dict[int, Upserted | Refused] = dict.fromkeys(refused, BOTH)
    seen: set[UUID] = set()
    for place, one in stated.items():
        outcomes[place] = _outcome(one, kept[one.id], rows[one.id], again=one.id in seen)
        seen.add(one.id)
    return BulkOutcome([outcomes[place] for place in sorted(outcomes)], work.position)


def _counted(item: BatchEngagement) -> EngagementRow:
    at = item.occurred_at if "occurred_at" in item.model_fields_set else None
    # One event of a distribution has one id, independent of who stores it and when.
    of_event = uuid5(item.distribution_id, item.event_id) if item.event_id else None
    return EngagementRow(
        item.id or of_event or new_id(),
        item.distribution_id,
        item.kind,
        item.count,
        at,
        item.event_id,
        item.agent,
        item.recipient,
        item.link,
    )


def _keep(
    rows: Mapping[UUID, EngagementRow], work: EngagementsWork, now: datetime
) -> list[EngagementOutcome]:
    """Store engagements, with the reasons of automated ones; mark stored ones that became so."""
    why = _reasons(rows.values(), work, now)
    fates = work.engagements.keep(
        [replace(row, automated_reason=why.get(id_)) for id_, row in rows.items()]
    )
    late = [id_ for id_, reason in why.items() if id_ not in rows and reason == "many_links"]
    if late:
        work.engagements.mark(late, "many_links")
    return fates


def _reasons(
    rows: Iterable[EngagementRow], work: EngagementsWork, now: datetime
) -> dict[UUID, Reason]:
    acts: dict[tuple[UUID, str | None], list[Act]] = {}
    for row in rows:
        act = Act(row.id, row.kind, row.agent, row.occurred_at or now, row.link)
        acts.setdefault((row.distribution_id, row.recipient), []).append(act)
    spans = [
        Span(of, recipient, min(one.at for one in each), max(one.at for one in each))
        for (of, recipient), each in acts.items()
        if recipient is not None
    ]
    known = dict(zip(spans, work.engagements.known(spans), strict=True)) if spans else {}
    of_span = {(span.distribution_id, span.recipient): one for span, one in known.items()}
    found: dict[UUID, Reason] = {}
    for (of, recipient), each in acts.items():
        nothing = Known(None, ())
        of_recipient = nothing if recipient is None else of_span[of, recipient]
        alone = each if recipient is not None else [replace(one, link=None) for one in each]
        found |= reasons(alone, of_recipient)
    return found


def _outcome(
    one: EngagementRow, fate: EngagementOutcome, kept: EngagementRow, *, again: bool
) -> Upserted | Refused:
    if again and one != kept:
        return _another(one)
    if fate.created:
        return Upserted(one.id, "unchanged" if again else "created")
    if fate.same:
        return Upserted(one.id, "unchanged")
    if not fate.sent:
        return NO_DISTRIBUTION
    return _another(one) if fate.kept_from is None else _too_old(fate.kept_from)


def _too_old(kept_from: datetime) -> Refused:
    day = kept_from.date().isoformat()
    detail = f"is before {day}; engagements before that day are no longer kept"
    return Refused((Fault("/occurred_at", detail),))


def _another(one: EngagementRow) -> Refused:
    return ANOTHER_EVENT if one.event_id else ANOTHER
