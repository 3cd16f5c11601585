"""Entries of feeds that give several of them one id, or none."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from groundwork_core.documents import ingest as ingesting
from groundwork_core.documents.identity import Identified, Identity
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.request_fetch import request_fetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.core.sources.conftest import Path

    from groundwork_core.documents.model import Entry

FEED = "https://feed.example/rss"


def item(number: int, guid: str = "one-guid", title: str = "", text: str = "Text") -> str:
    return (
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{title or f'Item {number}'}</title>"
        f"<link>https://feed.example/{number}</link><description>{text}</description></item>"
    )


def incident(number: int, title: str = "Incident") -> str:
    return (
        f"<item><title>{title}</title><link>https://status.example/</link>"
        f"<pubDate>Thu, 0{number} Jan 2026 10:00:00 GMT</pubDate></item>"
    )


def poll(path: "Path", source: UUID, *entries: str) -> None:
    """Serve these entries and fetch the source once more."""
    path.web.serve(FEED, *entries)
    ask(path, source)


def ask(path: "Path", source: UUID) -> None:
    path.rows("UPDATE source_states SET ticket = NULL, claimed_until = NULL RETURNING 1")
    ticket = request_fetch(source, work=path.work(), clock=path.clock).ticket
    path.fetch(
        [{"contract": "groundwork/fetch/1", "source_id": str(source), "ticket": str(ticket)}]
    )


def state(path: "Path") -> tuple[str, int]:
    rows = path.rows("SELECT feed ->> 'identity', (feed ->> 'left_out')::int FROM source_states")
    return rows[0][0], rows[0][1]


def documents(path: "Path") -> list[tuple[str, int]]:
    return path.rows("SELECT title, revision FROM documents ORDER BY title, published_at")


def test_three_polls_of_an_unchanged_feed_make_one_revision_and_one_job(path: "Path") -> None:
    (source,) = path.add(FEED)
    fair = "<item><guid>f</guid><title>Fair</title><pubDate>Wed, 02 Jul 2031 10:00:00 GMT</pubDate>"
    for _ in range(3):
        poll(path, source, fair + "</item>")
        path.clock.forward(days=1)
    assert documents(path) == [("Fair", 1)]
    assert path.counts()["jobs"] == 1


def test_entries_with_one_guid_are_distinguished_in_any_order(path: "Path") -> None:
    (source,) = path.add(FEED)
    entries = [item(0), item(1), item(2)]
    for order in (entries, entries[::-1], entries[1:] + entries[:1]):
        poll(path, source, *order)
        assert documents(path) == [("Item 0", 1), ("Item 1", 1), ("Item 2", 1)]
    assert state(path) == ("guid+link", 0)


def test_entries_without_guid_and_with_one_link_are_distinguished(path: "Path") -> None:
    (source,) = path.add(FEED)
    for _ in range(2):
        poll(path, source, incident(1, "Fire"), incident(2, "Flood"))
    assert documents(path) == [("Fire", 1), ("Flood", 1)]
    assert state(path) == ("guid+link+title", 0)
    poll(path, source, incident(3, "Fire"), incident(2, "Flood"), incident(1, "Fire"))
    assert documents(path) == [("Fire", 1), ("Fire", 1), ("Flood", 1)]
    assert state(path) == ("guid+link+title+date", 0)


def test_a_feed_whose_identity_gains_parts_keeps_its_documents(path: "Path") -> None:
    (source,) = path.add(FEED)
    poll(path, source, item(1), item(7, "own"))
    before = dict(path.rows("SELECT title, id FROM documents"))
    poll(path, source, item(2), item(1, text="Edited"), item(7, "own"))
    assert documents(path) == [("Item 1", 2), ("Item 2", 1), ("Item 7", 1)]
    after = dict(path.rows("SELECT title, id FROM documents"))
    assert {title: after[title] for title in before} == before
    # It is not forgotten when only one is left.
    poll(path, source, item(3))
    assert documents(path)[2] == ("Item 3", 1)
    assert state(path) == ("guid+link", 0)


def test_entries_that_are_left_out_are_counted(path: "Path") -> None:
    (source,) = path.add(FEED)
    others = [item(n, f"g{n}") for n in range(4)]
    poll(path, source, *others, item(1, "g1", "Item 1, edited"), others[0], "<item></item>")
    assert len(documents(path)) == 4
    assert state(path) == ("guid", 3)


def test_a_truncated_feed_is_requested_without_validators_again(path: "Path") -> None:
    (source,) = path.add(FEED)
    poll(path, source, item(1, "g1"))
    body = "<rss version='2.0'><channel><title>Feed</title>" + item(1, "g1") + item(2, "g2")[:-20]
    path.web.pages[FEED] = Fetched(body.encode(), FEED, "text/xml", etag='"cut"')
    ask(path, source)
    assert documents(path) == [("Item 1", 1)]
    assert path.value("SELECT etag FROM source_states") is None
    assert state(path) == ("guid", 1)


def test_identified_by_guid_alone_entries_with_one_guid_replace_each_other(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_guid(entries: "Sequence[Entry]", _at_least: Identity) -> Identified:
        kept = {entry.external_id: entry for entry in entries}
        return Identified(Identity.ID, tuple(kept.values()), len(entries) - len(kept))

    monkeypatch.setattr(ingesting, "identify", by_guid)
    (source,) = path.add(FEED)
    poll(path, source, item(0), item(1), item(2))
    assert documents(path) == [("Item 2", 1)]
