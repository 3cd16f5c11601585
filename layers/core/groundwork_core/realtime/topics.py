"""The topics, their permissions, and the topics of each change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.errors import Fault, Forbidden, Invalid
from groundwork_core.outbox import OutboxRow

NEEDS: Mapping[str, frozenset[str]] = {
    topic: frozenset({f"{topic}:read"})
    for topic in ("entities", "relationships", "documents", "jobs", "contents", "webhooks")
}
"""The permissions for each topic."""

ENTITY = "entity:"
JOB = "job:"
"""`job:<id>` carries the changes and the progress of one job."""
ENTITY_NEEDS = frozenset({"entities:read", "relationships:read"})
"""Permissions for the topic `entity:<id>`: it has changes of an entity and its relationships."""

CHANGES = frozenset({"created", "updated", "deleted", "progress"})

MOST_TOPICS = 100
LONGEST_FRAME_BYTES = 120_000
"""API Gateway posts at most 128 KB; a larger change is sent without its data."""

INTERNAL: Mapping[str, frozenset[str]] = {
    "jobs": frozenset({"lease_owner", "queued_at", "not_before", "idempotency_key", "party"}),
    "documents": frozenset({"external_id", "metadata"}),
}
"""Columns that are not part of the resource."""


def checked(topics: Iterable[object], permissions: frozenset[str]) -> frozenset[str]:
    """Return topics in canonical form.

    Raises:
        Invalid: a topic does not exist; each fault points to one.
        Forbidden: a permission is missing.
    """
    found: set[str] = set()
    faults: list[Fault] = []
    for place, given in enumerate(topics):
        topic = _spelled(given)
        if topic is None:
            faults.append(Fault(f"/topics/{place}", "is not a topic"))
            continue
        missing = _needs(topic) - permissions
        if missing:
            raise Forbidden(f"{topic} needs the permission {min(missing)}.")
        found.add(topic)
    if faults:
        raise Invalid("Some topics do not exist.", tuple(faults))
    if not 0 < len(found) <= MOST_TOPICS:
        detail = f"must have 1 to {MOST_TOPICS} topics"
        raise Invalid("The number of topics is not allowed.", (Fault("/topics", detail),))
    return frozenset(found)


def topics_of(row: OutboxRow) -> tuple[str, ...]:
    """Return the topics of a row; empty if no listener gets it."""
    if row.aggregate not in NEEDS or row.kind not in CHANGES:
        return ()
    if row.aggregate == "entities":
        return ("entities", f"{ENTITY}{row.aggregate_id}")
    if row.aggregate == "relationships":
        ends = dict.fromkeys((row.data.get("from_id"), row.data.get("to_id")))
        return ("relationships", *(f"{ENTITY}{end}" for end in ends if end))
    if row.aggregate == "jobs":
        return ("jobs", f"{JOB}{row.aggregate_id}")
    return (row.aggregate,)


def entities_of_row(row: OutboxRow) -> frozenset[UUID]:
    """Return the entities in whose topics the row is."""
    return frozenset(entities_of(topics_of(row)))


def entities_of(topics: Iterable[str]) -> list[UUID]:
    """Return the entities of the topics of the form `entity:<id>`."""
    return [UUID(topic.removeprefix(ENTITY)) for topic in topics if topic.startswith(ENTITY)]


def topics_with_merged(
    row: OutboxRow, merged_ids: Mapping[UUID, Sequence[UUID]]
) -> tuple[str, ...]:
    """Return the topics of a row, including those of entities merged into its entities.

    `merged_ids` has the merged ids of each entity.
    """
    topics = topics_of(row)
    old = (id_ for one in entities_of(topics) for id_ in merged_ids.get(one, ()))
    return (*topics, *(f"{ENTITY}{id_}" for id_ in dict.fromkeys(old)))


def frame(topic: str, seq: int, row: OutboxRow) -> str:
    """Return the text of one realtime message."""
    internal = INTERNAL.get(row.aggregate, frozenset())
    data: dict[str, JsonValue] = {
        name: value for name, value in row.data.items() if name not in internal
    }
    text = _frame(topic, seq, row.kind, data)
    if len(text.encode()) > LONGEST_FRAME_BYTES:
        brief: dict[str, JsonValue] = {
            "id": str(row.aggregate_id),
            "version": row.version,
            "truncated": True,
        }
        return _frame(topic, seq, row.kind, brief)
    return text


def _frame(topic: str, seq: int, kind: str, data: dict[str, JsonValue]) -> str:
    return json.dumps({"topic": topic, "seq": seq, "type": kind, "data": data}, ensure_ascii=False)


def _spelled(given: object) -> str | None:
    if not isinstance(given, str):
        return None
    if given in NEEDS:
        return given
    for beginning in (ENTITY, JOB):
        if given.startswith(beginning):
            try:
                return f"{beginning}{UUID(given.removeprefix(beginning))}"
            except ValueError:
                return None
    return None


def _needs(topic: str) -> frozenset[str]:
    if topic.startswith(JOB):
        return NEEDS["jobs"]
    return ENTITY_NEEDS if topic.startswith(ENTITY) else NEEDS[topic]
