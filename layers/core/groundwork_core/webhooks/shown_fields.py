"""Which fields of an item an event shows: those of its REST resource, and no other column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import JsonValue

from groundwork_core.configuration.resources import CONFIGURATIONS
from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.embeddings.resource import EMBEDDINGS
from groundwork_core.identity.resources import ROLES, USERS
from groundwork_core.jobs.resource import JOBS
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.publishing.contents import CONTENTS
from groundwork_core.publishing.distributions import DELIVERIES, DISTRIBUTIONS
from groundwork_core.publishing.engagements import ENGAGEMENTS
from groundwork_core.publishing.publishers import PUBLISHERS
from groundwork_core.sources.resource import SOURCES
from groundwork_core.webhooks.resource import WEBHOOKS

_RESOURCES = (
    CONFIGURATIONS,
    CONTENTS,
    DELIVERIES,
    DISTRIBUTIONS,
    DOCUMENTS,
    EMBEDDINGS,
    ENGAGEMENTS,
    ENTITIES,
    JOBS,
    PUBLISHERS,
    RELATIONSHIPS,
    ROLES,
    SOURCES,
    USERS,
    WEBHOOKS,
)


@cache
def _fields() -> Mapping[str, frozenset[str]]:
    return {resource.name: frozenset(resource.columns) for resource in _RESOURCES}


def shown(topic: str, data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the part of an outbox row's data that an event of a topic shows."""
    fields = _fields()[topic]
    return {name: value for name, value in data.items() if name in fields}
