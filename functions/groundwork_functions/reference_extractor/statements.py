"""Convert a feed's own statements to entities and relationships, without analyzing text."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from groundwork_client import Document, EntityType, Ref, Result, Source, folded

RegistrableHost = Callable[[str], str | None]
"""Returns the registrable domain of a URL's host; None if it has none."""

MAX_KEY = 1_000
MAX_EVIDENCE = 1_000
MAX_WEBSITES = 100

# Confidence. A feed is certain about its own site and its links; two people may share a name, and
# an entry's category need not be a topic of its author.
SURE = 1.0
STATED = 0.9
INFERRED = 0.8


def state(document: Document, source: Source, *, registrable_host: RegistrableHost) -> Result:
    """Return what a feed states about one of its documents."""
    result = Result()
    site = source.site or _origin(source.url)
    title = source.title or source.name
    publisher = _entity(result, "publisher", "organization", _site_key(site), title, SURE, title)
    people = [
        _entity(result, "author", "person", f"{source.id}/{_fold(name)}", name, STATED, name)
        for name in document.authors or filter(None, (document.author,))
    ]
    topics = [
        _entity(result, "category", "topic", _fold(term), term, STATED, term)
        for term in document.categories
    ]
    for person in people:
        _edge(result, "WRITES_FOR", person, publisher, STATED, "author")
        for topic in topics:
            _edge(result, "WRITES_ABOUT", person, topic, INFERRED, "category")
    for topic in topics:
        _edge(result, "COVERS", publisher, topic, STATED, "category")
    for host, link in _websites(document, source, site, registrable_host).items():
        website = _entity(result, "link", "website", host, host, SURE, link)
        _edge(result, "LINKS_TO", publisher, website, SURE, "link")
    return result


def _entity(
    result: Result,
    role: str,
    kind: EntityType,
    key: str,
    name: str,
    confidence: float,
    evidence: str,
) -> Ref:
    """State an entity and its mention once, and return its ref."""
    ref = result.entity(kind, key=folded(key)[:MAX_KEY], name=name, confidence=confidence)
    result.mention(ref, role=role, evidence=evidence[:MAX_EVIDENCE], confidence=confidence)
    return ref


def _edge(result: Result, kind: str, start: Ref, end: Ref, confidence: float, role: str) -> None:
    """State a relationship and its mention once."""
    ref = result.relationship(kind, start, end, confidence=confidence)
    result.mention(ref, role=role, confidence=confidence)


def _websites(
    document: Document, source: Source, site: str, registrable_host: RegistrableHost
) -> dict[str, str]:
    """Return other websites that the document links to, each with one of these links."""
    own = {registrable_host(site), registrable_host(source.url)}
    found: dict[str, str] = {}
    for link in (document.url, *document.links):
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
    """Return host and path of a site; http, https and `www.` make no difference."""
    parts = urlsplit(site)
    host = (parts.hostname or site).removeprefix("www.")
    port = f":{parts.port}" if parts.port else ""
    return f"{host}{port}{parts.path.rstrip('/')}"
