"""Identify the entries of a feed.

Most feeds give each entry its own id or link. Some repeat one id for all entries. The parts of an
entry that form its identity are therefore chosen for each feed from its content, and stored: once a
feed has needed more parts, it continues to use them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from groundwork_core.documents.model import Entry, sha256


class Identity(StrEnum):
    """The parts of an entry that identify it. Each member adds one part to the member before."""

    ID = "guid"
    """The entry's id, else its link, else a hash of its content."""
    LINK = "guid+link"
    TITLE = "guid+link+title"
    DATE = "guid+link+title+date"
    TEXT = "guid+link+title+date+text"


ORDER = tuple(Identity)


@dataclass(frozen=True, slots=True)
class Identified:
    """The entries of a feed, each with its own `external_id`."""

    identity: Identity
    entries: tuple[Entry, ...]
    repeated: int
    """Number of entries left out because they repeat another entry of the feed."""


def identify(entries: Sequence[Entry], at_least: Identity) -> Identified:
    """Give each entry the id under which it is stored; `at_least` is the feed's stored identity.

    The result does not depend on the order of the entries. Of entries with equal ids the latest is
    kept.
    """
    finer = ORDER[ORDER.index(at_least) :]
    identity = next((one for one in finer if _tells_apart(one, entries)), ORDER[-1])
    kept: dict[str, Entry] = {}
    for entry in entries:
        key = key_of(entry, identity)
        named = entry if identity is Identity.ID else replace(entry, external_id=key)
        other = kept.get(key)
        kept[key] = named if other is None else max(other, named, key=_latest)
    return Identified(identity, tuple(kept.values()), len(entries) - len(kept))


def key_of(entry: Entry, identity: Identity) -> str:
    """Return an entry's id by an identity. Its `external_id` must still be the feed's."""
    if identity is Identity.ID:
        return entry.external_id
    return "sha256:" + sha256("\n".join(_parts(entry)[: ORDER.index(identity) + 1]))


def _parts(entry: Entry) -> tuple[str, ...]:
    at = entry.published_at.isoformat() if entry.published_at else ""
    text = entry.wording or f"{entry.summary}\n{entry.content}"
    return entry.external_id, entry.url or "", entry.title, at, text


def _tells_apart(identity: Identity, entries: Sequence[Entry]) -> bool:
    """Return whether entries with equal keys can be versions of the same entry."""
    groups: defaultdict[str, dict[tuple[str, ...], Entry]] = defaultdict(dict)
    for entry in entries:
        groups[key_of(entry, identity)][_parts(entry)] = entry
    alike = [tuple(group.values()) for group in groups.values() if len(group) > 1]
    few = sum(map(len, alike)) * 2 < sum(map(len, groups.values()))
    return all(few and _are_versions(group) for group in alike)


def _are_versions(alike: Sequence[Entry]) -> bool:
    """Return whether different entries with the same key may be versions of one entry.

    Used for keys that less than half of the feed's entries share. They may be versions if each has
    an id (RFC 4287 section 4.1.1) and either their links or their titles are equal.
    """
    links, titles = {entry.url for entry in alike}, {entry.title for entry in alike}
    return all(entry.has_own_id for entry in alike) and min(len(links), len(titles)) == 1


def _latest(entry: Entry) -> tuple[str, str]:
    """Return a sort key for versions of one entry: the date, then the hash of the content."""
    return entry.published_at.isoformat() if entry.published_at else "", entry.content_hash()


def renamed(
    stored: Mapping[str, Sequence[str]], entries: Sequence[Entry], before: Identity, now: Identity
) -> dict[str, str]:
    """Return new ids for stored documents when a feed needs more parts than before.

    `stored` has link, title and date of the documents, by their current ids. If several entries had
    the same id, the one most similar to the document is chosen.
    """
    alike: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        alike[key_of(entry, before)].append(entry)

    def likeness(entry: Entry, parts: Sequence[str]) -> tuple[int, tuple[str, str]]:
        same = sum(one == other for one, other in zip(_parts(entry)[1:], parts, strict=False))
        return same, _latest(entry)

    return {
        old: key_of(max(alike[old], key=lambda entry: likeness(entry, parts)), now)
        for old, parts in stored.items()
        if alike[old]
    }
