"""Documents as the fetcher stores them: in memory and on Postgres."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from groundwork_core.documents.model import Entry
from groundwork_core.sources.model import DEFAULT_SCHEDULE
from groundwork_core.sources.rows import SourceRow

from .work import Work

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
URL = "https://a.example/feed"
ENTRY = Entry(
    external_id="1",
    url="https://a.example/1",
    title="One",
    author="Ada",
    summary="",
    content="text",
    language="en",
    published_at=NOW,
    categories=("tides",),
    links=("https://b.example/",),
)


@pytest.fixture
def source(work: Work) -> UUID:
    with work:
        return work.sources.add([SourceRow("A", URL, DEFAULT_SCHEDULE)])[URL]


def put(work: Work, source: UUID, *entries: Entry) -> dict[UUID, int]:
    with work:
        return {one.id: one.revision for one in work.documents.put(source, entries)}


def test_only_new_and_changed_entries_are_stored(work: Work, source: UUID) -> None:
    other = replace(ENTRY, external_id="2", url=None)
    (first,) = put(work, source, ENTRY)
    assert put(work, source, ENTRY) == {}
    changed = put(work, source, replace(ENTRY, title="One!"), other)
    assert changed.pop(first) == 2
    assert list(changed.values()) == [1]


def test_hashes_are_known_by_external_id_within_a_source(work: Work, source: UUID) -> None:
    put(work, source, ENTRY)
    with work:
        assert work.documents.known(source, ["1", "2"]) == {"1": ENTRY.content_hash()}
        assert work.documents.known(uuid4(), ["1"]) == {}


def test_renamed_documents_are_stored_under_their_new_ids(work: Work, source: UUID) -> None:
    (document,) = put(work, source, ENTRY)
    with work:
        work.documents.rename(source, {"1": "new", "unknown": "other"})
        work.documents.rename(uuid4(), {"new": "newer"})
    with work:
        assert set(work.documents.known(source, ["1", "new", "newer", "other"])) == {"new"}
    assert put(work, source, replace(ENTRY, external_id="new", title="Two")) == {document: 2}


def test_link_title_and_date_are_stated(work: Work, source: UUID) -> None:
    elsewhere = timedelta(hours=2)
    bare = replace(ENTRY, external_id="2", url=None, published_at=None)
    put(work, source, replace(ENTRY, published_at=NOW + elsewhere), bare)
    with work:
        assert work.documents.stated(source, ["1", "2", "3"]) == {
            "1": ("https://a.example/1", "One", "2026-11-30T14:00:00+00:00"),
            "2": ("", "One", ""),
        }
