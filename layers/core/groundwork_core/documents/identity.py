"""What tells the entries of one feed apart.

Most feeds give each entry an id or a link of its own. Some give all of them the same one. Which
parts of an entry make its identity is therefore decided for each feed, by what it does, and kept:
a feed that once needed more parts goes on with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from groundwork_core.documents.model import Entry, sha256


class Identity(StrEnum):
    """The parts that identify an entry. Each value has one part more than the one before."""

    ID = "guid"
    """Its own id, or its link where it has none, or its content where it has neither."""
    LINK = "guid+link"
    TITLE = "guid+link+title"
    DATE = "guid+link+title+date"
    TEXT = "guid+link+title+date+text"


ORDER = tuple(Identity)


@dataclass(frozen=True, slots=True)
class Identified:
    """The entries of a feed, each with an `external_id` of its own."""

    identity: Identity
    entries: tuple[Entry, ...]
    repeated: int
    """How many entries are left out, because another entry of the feed is the same one."""


def identify(entries: Sequence[Entry], at_least: Identity) -> Identified:
    """Give each entry the id by which it is stored; `at_least` is what the feed needed before.

    The order of the entries changes nothing. Entries whose ids are equal are one entry; the
    latest of them is kept.
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
    """Return what identifies an entry that the reader gave its own id as `external_id`."""
    if identity is Identity.ID:
        return entry.external_id
    return "sha256:" + sha256("\n".join(_parts(entry)[: ORDER.index(identity) + 1]))


def _parts(entry: Entry) -> tuple[str, ...]:
    at = entry.published_at.isoformat() if entry.published_at else ""
    text = entry.wording or f"{entry.summary}\n{entry.content}"
    return entry.external_id, entry.url or "", entry.title, at, text


def _tells_apart(identity: Identity, entries: Sequence[Entry]) -> bool:
    """Whether entries with the same key are the same entry, for all that the feed shows."""
    groups: defaultdict[str, dict[tuple[str, ...], Entry]] = defaultdict(dict)
    for entry in entries:
        groups[key_of(entry, identity)][_parts(entry)] = entry
    alike = [tuple(group.values()) for group in groups.values() if len(group) > 1]
    few = sum(map(len, alike)) * 2 < sum(map(len, groups.values()))
    return all(few and _are_versions(group) for group in alike)


def _are_versions(alike: Sequence[Entry]) -> bool:
    """Whether entries that differ, but have the same key, may be versions of one entry.

    Asked where they are less than half of the feed. They may when each has an id of its own (RFC
    4287 section 4.1.1) and either their links or their titles are the same.
    """
    links, titles = {entry.url for entry in alike}, {entry.title for entry in alike}
    return all(entry.has_own_id for entry in alike) and min(len(links), len(titles)) == 1


def _latest(entry: Entry) -> tuple[str, str]:
    """Order versions of one entry, by their date and then by anything that is not their place."""
    return entry.published_at.isoformat() if entry.published_at else "", entry.content_hash()


def renamed(
    stored: Mapping[str, Sequence[str]], entries: Sequence[Entry], before: Identity, now: Identity
) -> dict[str, str]:
    """Say which stored documents get which id when a feed needs more parts than before.

    `stored` has the link, title and date of the documents by their present ids. Of several
    entries with that id, the one that is most like the document is it.
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
