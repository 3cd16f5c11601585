"""The definitions of the resources that can be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.documents.resource import DOCUMENTS
from groundwork_core.embeddings.resource import EMBEDDINGS
from groundwork_core.knowledge.mentions import MENTIONS
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.publishing.contents import CONTENTS
from groundwork_core.publishing.distributions import DISTRIBUTIONS
from groundwork_core.publishing.engagements import ENGAGEMENTS
from groundwork_core.sources.resource import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundwork_core.resources.resource import Resource

EXPORTABLE: Mapping[str, Resource] = {
    one.name: one
    for one in (
        CONTENTS,
        DISTRIBUTIONS,
        DOCUMENTS,
        EMBEDDINGS,
        ENGAGEMENTS,
        ENTITIES,
        MENTIONS,
        RELATIONSHIPS,
        SOURCES,
    )
}
