"""The field `similar`: subjects with similar vectors, with their entities and documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from ariadne import EnumType, ObjectType
from graphql import GraphQLResolveInfo
from pydantic import ValidationError

from groundwork_core.embeddings.resource import SubjectType
from groundwork_core.embeddings.search import Near, Search
from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.model import DocumentCard
from groundwork_core.validation_faults import validation_faults
from groundwork_runtime.graphql import arguments as read
from groundwork_runtime.graphql.levels import Attribute
from groundwork_runtime.graphql.loader import GraphLoader
from groundwork_runtime.graphql.prefetch import Prefetch

SUBJECT_TYPE = EnumType("SubjectType", {name.upper(): name for name in get_args(SubjectType)})
FIRST = 10
FILTERS = {
    "subjectType": "subject_type",
    "subjects": "subject_ids",
    "entityType": "entity_type",
    "source": "source_id",
    "after": "after",
    "before": "before",
}
"""Names of the filter in the schema, and in `SearchFilter`."""

similar_query = ObjectType("Query")
similar_document = ObjectType("Document")
similar_document.set_field("publishedAt", Attribute("published_at"))


@similar_query.field("similar")
def _similar(_: None, info: GraphQLResolveInfo, **arguments: object) -> list[dict[str, object]]:
    loader: GraphLoader = info.context
    loader.caller.must("embeddings:read")
    found = loader.find_similar(_asked(arguments)).items
    ahead = Prefetch(info, loader)
    nodes = ahead.named("Similar", info.field_nodes, "entity")
    if nodes:
        ids = [str(one.subject_id) for one in found if one.subject_type == "entity"]
        loader.load_entities(ids)
        ahead.entities([loader.entities[id_] for id_ in ids if id_ in loader.entities], nodes)
    cards: Mapping[str, DocumentCard] = {}
    if ahead.named("Similar", info.field_nodes, "document"):
        loader.caller.must("documents:read")
        documents = [str(one.subject_id) for one in found if one.subject_type == "document"]
        cards = loader.catalogue.documents(documents)
    return [_shown(one, loader, cards) for one in found]


def _shown(one: Near, loader: GraphLoader, cards: Mapping[str, DocumentCard]) -> dict[str, object]:
    subject = str(one.subject_id)
    is_entity = one.subject_type == "entity"
    return {
        "score": one.score,
        "subjectType": one.subject_type,
        "subjectId": subject,
        "entity": loader.entities.get(subject) if is_entity else None,
        "document": cards.get(subject),
    }


def _asked(arguments: read.Arguments) -> Search:
    """Return the search. Raises Invalid, with the name of the argument."""
    given: Mapping[str, object] = arguments.get("filter") or {}
    fields: dict[str, object] = {
        "model": arguments["model"],
        "filter": {FILTERS[name]: value for name, value in given.items() if value is not None},
        "k": read.read_whole(arguments, "first", FIRST, 1, read.MAX_FIRST),
    }
    if arguments.get("vector") is not None:
        fields["vector"] = arguments["vector"]
    if arguments.get("subject") is not None:
        fields["subject_id"] = arguments["subject"]
    try:
        return Search.model_validate(fields, strict=False)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        names = {"subject_id": "subject", **{name: shown for shown, name in FILTERS.items()}}
        place = " ".join(names.get(str(part), str(part)) for part in fault["loc"][:2])
        detail = validation_faults([fault])[0].detail
        if not fault["loc"]:
            detail = "similar needs either a vector or a subject."
        raise Invalid(f"{place}: {detail}" if place else detail) from None
