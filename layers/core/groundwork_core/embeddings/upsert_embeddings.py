"""Store many embeddings in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from groundwork_core.embeddings.ports import EmbeddingRow, EmbeddingsWork
from groundwork_core.embeddings.resource import MODELS_MAX, NewEmbedding
from groundwork_core.errors import Fault, Unavailable
from groundwork_core.resources.bulk import BulkOutcome, Refused, Upserted

TRIES = 3
Key = tuple[UUID, str]


def upsert_embeddings(
    items: Mapping[int, NewEmbedding], *, work: Callable[[], EmbeddingsWork]
) -> BulkOutcome:
    """Store embeddings; each replaces its subject's earlier one by the same model.

    `items` is by index. An embedding of a merged entity is stored for its survivor. An item is
    refused if its subject does not exist, its vector has other dimensions than its model, or its
    model would exceed the limit of models. Of several items for one subject and model the last one
    is stored.

    Raises:
        Unavailable: three deadlocks, or no connection; nothing was stored.
    """
    for left in reversed(range(TRIES)):
        try:
            return _upsert(items, work())
        except Unavailable:
            if not left:
                raise
    raise AssertionError


def _upsert(items: Mapping[int, NewEmbedding], work: EmbeddingsWork) -> BulkOutcome:
    with work:
        given = {
            place: EmbeddingRow(item.subject_type, item.subject_id, item.model, item.vector)
            for place, item in items.items()
        }
        rows, refused = _with_subjects(given, work)
        new = _fitting(rows, refused, work)
        last = {(row.subject_id, row.model): row for row in rows.values()}
        for model in sorted(new & {row.model for row in last.values()}):
            size = next(len(row.vector) for row in last.values() if row.model == model)
            work.embeddings.learn_model(model, size)
        kept = [last[key] for key in sorted(last)]
        done: dict[Key, Upserted] = dict(zip(sorted(last), work.embeddings.put(kept), strict=True))
    outcomes: dict[int, Upserted | Refused] = dict(refused)
    for place, row in rows.items():
        key = (row.subject_id, row.model)
        outcomes[place] = done[key]
        if done[key].outcome == "created":
            done[key] = Upserted(done[key].id, "updated")
    return BulkOutcome([outcomes[place] for place in items], work.position)


def _with_subjects(
    given: Mapping[int, EmbeddingRow], work: EmbeddingsWork
) -> tuple[dict[int, EmbeddingRow], dict[int, Refused]]:
    """Return the items whose subjects exist, for survivors if merged, and the refused items."""
    there = work.embeddings.existing({(row.subject_type, row.subject_id) for row in given.values()})
    merged = {
        row.subject_id
        for row in given.values()
        if row.subject_type == "entity" and ("entity", row.subject_id) not in there
    }
    led = dict(work.survivors.of(merged)) if merged else {}
    if led:
        there |= work.embeddings.existing({("entity", into) for into in led.values()})
    rows: dict[int, EmbeddingRow] = {}
    refused: dict[int, Refused] = {}
    for place, row in given.items():
        subject = row.subject_id
        if row.subject_type == "entity":
            subject = led.get(subject, subject)
        if (row.subject_type, subject) in there:
            rows[place] = replace(row, subject_id=subject)
        else:
            refused[place] = Refused((Fault("/subject_id", "does not exist"),))
    return rows, refused


def _fitting(
    rows: dict[int, EmbeddingRow], refused: dict[int, Refused], work: EmbeddingsWork
) -> set[str]:
    """Move items that do not fit their model to `refused`; return the models that are new.

    The first item of a new model fixes its dimensions.
    """
    models = dict(work.embeddings.models())
    new: set[str] = set()
    for place, row in list(rows.items()):
        if row.model not in models:
            if len(models) >= MODELS_MAX:
                detail = f"would be one more than the {MODELS_MAX} models there may be"
                refused[place] = Refused((Fault("/model", detail),))
                del rows[place]
                continue
            models[row.model] = len(row.vector)
            new.add(row.model)
        wanted = models[row.model]
        if len(row.vector) != wanted:
            detail = f"must have {wanted} dimensions, as all of this model"
            refused[place] = Refused((Fault("/vector", detail),))
            del rows[place]
    return new
