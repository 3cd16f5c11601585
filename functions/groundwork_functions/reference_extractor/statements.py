"""Convert what a feed states to entities and relationships, without analyzing text."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.documents.ports import RegistrableHost
from groundwork_core.knowledge.keys import folded
from groundwork_core.knowledge.model import (
    RESULT_CONTRACT,
    ExtractionResult,
    StatedEntity,
    StatedMention,
    StatedRelationship,
)

WORKER = "reference_extractor/1"
MAX_KEY = 1_000
MAX_WEBSITES = 100
PUBLISHER = "publisher"

# Confidence. A feed is certain about its own site and its links; two people may share a name, and
# an entry's category need not be a topic of its author.
SURE = 1.0
STATED = 0.9
INFERRED = 0.8


def state(
    facts: DocumentFacts, *, job_id: UUID, attempt: int, registrable_host: RegistrableHost
) -> dict[str, JsonValue]:
    """Return the result for a document, validated against the result contract."""
    statements = _Statements()
    site = facts.site or _origin(facts.source_url)
    title = facts.feed_title or facts.source_name
    publisher = statements.entity(PUBLISHER, "organization", _site_key(site), title, SURE, title)
    people = [
        statements.entity(
            "author", "person", f"{facts.source_id}/{_fold(name)}", name, STATED, name
        )
        for name in facts.authors
    ]
    topics = [
        statements.entity("category", "topic", _fold(term), term, STATED, term)
        for term in facts.categories
    ]
    for person in people:
        statements.edge("WRITES_FOR", person, publisher, STATED, "author")
        for topic in topics:
            statements.edge("WRITES_ABOUT", person, topic, INFERRED, "category")
    for topic in topics:
        statements.edge("COVERS", publisher, topic, STATED, "category")
    for host, link in _websites(facts, site, registrable_host).items():
        website = statements.entity("link", "website", host, host, SURE, link)
        statements.edge("LINKS_TO", publisher, website, SURE, "link")
    result = ExtractionResult(
        contract=RESULT_CONTRACT,
        job_id=job_id,
        attempt=attempt,
        worker=WORKER,
        entities=tuple(statements.entities.values()),
        relationships=tuple(statements.edges.values()),
        mentions=tuple(statements.mentions.values()),
    )
    return result.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class _Statements:
    """Collects entities and relationships without duplicates, each with its mentions."""

    def __init__(self) -> None:
        self.entities: dict[tuple[str, str], StatedEntity] = {}
        self.edges: dict[tuple[str, str, str], StatedRelationship] = {}
        self.mentions: dict[tuple[str, str], StatedMention] = {}

    def entity(
        self, role: str, kind: str, key: str, name: str, confidence: float, evidence: str
    ) -> str:
        """Add an entity and return its ref."""
        key = folded(key)[:MAX_KEY]
        found = self.entities.get((kind, key))
        if found is None:
            found = StatedEntity.model_validate(
                {
                    "ref": f"{kind}:{len(self.entities)}",
                    "type": kind,
                    "key": key,
                    "name": name,
                    "confidence": confidence,
                }
            )
            self.entities[kind, key] = found
            self._mention(found.ref, role, evidence, confidence)
        return found.ref

    def edge(self, kind: str, start: str, end: str, confidence: float, role: str) -> None:
        """Add a relationship."""
        if (kind, start, end) in self.edges:
            return
        ref = f"edge:{len(self.edges)}"
        self.edges[kind, start, end] = StatedRelationship.model_validate(
            {"ref": ref, "from": start, "to": end, "type": kind, "confidence": confidence}
        )
        self._mention(ref, role, "", confidence)

    def _mention(self, ref: str, role: str, evidence: str, confidence: float) -> None:
        self.mentions[ref, role] = StatedMention(
            ref=ref, role=role, evidence=evidence[:1000], confidence=confidence
        )


def _websites(facts: DocumentFacts, site: str, registrable_host: RegistrableHost) -> dict[str, str]:
    """Return other websites that the document links to, each with one such link."""
    own = {registrable_host(site), registrable_host(facts.source_url)}
    found: dict[str, str] = {}
    for link in (facts.url, *facts.links):
        host = registrable_host(link) if link else None
        if host and host not in own and len(found) < MAX_WEBSITES:
            found.setdefault(host, link or "")
    return found


def _fold(text: str) -> str:
    return " ".join(folded(text).split())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _site_key(site: str) -> str:
    """Return host and path of a site; http, https and www make no difference."""
    parts = urlsplit(site)
    host = (parts.hostname or site).removeprefix("www.")
    port = f":{parts.port}" if parts.port else ""
    return f"{host}{port}{parts.path.rstrip('/')}"
