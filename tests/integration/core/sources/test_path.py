import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from groundwork_core.documents import ingest
from groundwork_core.documents.model import Entry
from groundwork_core.knowledge import keys
from groundwork_core.sources.fetch_sources import FETCHING_SECONDS
from groundwork_data.postgres import knowledge_sql, source_sql
from groundwork_functions.reference_extractor import statements

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"


def test_a_feed_becomes_documents_entities_relationships_and_mentions(path: "Path") -> None:
    (source,) = path.add(FEED)
    path.web.serve(FEED, path.entry(1), path.entry(2), title="The Feed")
    path.all_the_way()
    assert path.counts() == {
        "documents": 2,
        "document_revisions": 0,
        "jobs": 2,
        "entities": 4,
        "relationships": 4,
        "mentions": 2 * (4 + 4),
    }
    entities = path.rows("SELECT type, key, name FROM entities ORDER BY type")
    assert entities == [
        ("organization", "feed.example", "The Feed"),
        ("person", f"{source}/ada", "Ada"),
        ("topic", "science", "Science"),
        ("website", "other.example", "other.example"),
    ]
    edges = path.rows(
        "SELECT f.type, r.type, t.type FROM relationships r JOIN entities f ON f.id = r.from_id"
        " JOIN entities t ON t.id = r.to_id ORDER BY r.type"
    )
    assert edges == [
        ("organization", "COVERS", "topic"),
        ("organization", "LINKS_TO", "website"),
        ("person", "WRITES_ABOUT", "topic"),
        ("person", "WRITES_FOR", "organization"),
    ]
    stated = path.rows(
        "SELECT DISTINCT jsonb_array_length(provenance -> 'documents') FROM entities"
    )
    assert stated == [(2,)]
    assert path.rows("SELECT DISTINCT status FROM jobs") == [("succeeded",)]


@pytest.mark.parametrize("topics", [1, 2])
def test_two_spellings_of_a_category_are_one_topic(
    path: "Path", topics: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Composed, decomposed and in capitals. With only their case folded, they are two."""
    folds = topics == 1
    if not folds:
        monkeypatch.setattr(statements, "folded", str.casefold)
        monkeypatch.setattr(keys, "folded", str.casefold)
    spellings = ("Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich", "CAF\u00c9 Z\u00dcRICH")
    path.add(FEED)
    entries = [
        path.entry(n).replace("Science", spelling) for n, spelling in enumerate(spellings, 1)
    ]
    path.web.serve(FEED, *entries)
    if not folds:
        path.rows("ALTER TABLE entities DROP CONSTRAINT ck_entities_key")
    path.all_the_way()
    found = path.rows("SELECT key FROM entities WHERE type = 'topic' ORDER BY key")
    assert ("caf\u00e9 z\u00fcrich",) in found
    assert len(found) == topics
    if folds:
        mentioned = "SELECT count(DISTINCT document_id) FROM mentions WHERE role = 'category'"
        assert path.rows(mentioned) == [(3,)]


def test_a_source_shows_how_its_poll_went(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1), etag='"1"')
    path.fetch(path.due())
    state = path.rows(
        "SELECT status, polls, documents, failures, error_class, etag, ticket,"
        " next_poll_reason, next_poll_at - last_poll_at, feed ->> 'title' FROM source_states"
    )[0]
    assert state[:8] == ("ok", 1, 1, 0, None, '"1"', None, "interval")
    assert (state[8].total_seconds(), state[9]) == (3_600, "Feed")


def test_an_unchanged_response_is_not_read_again(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1), etag='"1"')
    path.fetch(path.due())
    again(path)
    assert path.web.asked[-1].etag == '"1"'
    assert path.rows("SELECT status, polls, documents FROM source_states") == [("unchanged", 2, 1)]


def test_the_same_message_five_times_makes_no_duplicate_row(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1), path.entry(2))
    for _ in range(5):
        assert path.fetch(path.due())["batchItemFailures"] == []
    jobs = path.job_messages()
    for _ in range(5):
        path.extract(jobs)
    for _ in range(5):
        path.hand_in(path.results.bodies * 2)
    first = path.counts()
    outbox = path.outbox_count()
    assert (first["documents"], first["jobs"], first["mentions"]) == (2, 2, 16)
    assert path.value("SELECT max(attempt) FROM jobs") == 1
    path.fetch(path.due())
    path.extract(jobs)
    path.hand_in(path.results.bodies)
    assert (path.counts(), path.outbox_count()) == (first, outbox)
    assert len(path.web.asked) == 1


def test_without_the_check_of_the_ticket_a_repeated_message_fetches_again(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded = source_sql.TO_FETCH.replace("AND t.ticket = due.ticket", "")
    unguarded = unguarded.replace("RETURNING t.*", "RETURNING t.*, due.ticket AS stated")
    unguarded = unguarded.replace("t.ticket, s.url", "t.stated, s.url")
    monkeypatch.setattr(source_sql, "TO_FETCH", unguarded)
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    for _ in range(5):
        path.fetch(path.due())
        path.clock.forward(seconds=FETCHING_SECONDS)
    assert len(path.web.asked) == 5


def test_without_the_identity_of_entries_an_unchanged_feed_makes_duplicates(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1))
    path.fetch(path.due())
    again(path)
    assert path.counts()["documents"] == 1
    number = itertools.count()
    really = ingest.ingest

    def by_no_id(source_id: object, entries: tuple[Entry, ...], **stores: object) -> object:
        changed = [replace(one, external_id=f"other-{next(number)}") for one in entries]
        return really(source_id, changed, **stores)  # type: ignore[arg-type]

    monkeypatch.setattr("groundwork_core.sources.fetch_sources.ingest", by_no_id)
    again(path)
    again(path)
    assert path.counts()["documents"] == 3


def test_changed_content_makes_a_revision_and_keeps_the_old_state(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1, "Before"), path.entry(2))
    path.all_the_way()
    path.web.serve(FEED, path.entry(1, "After", link="https://new.example/"), path.entry(2))
    again(path)
    path.all_the_way()
    assert path.rows("SELECT title, revision, version FROM documents ORDER BY external_id") == [
        ("After", 2, 2),
        ("Entry 2", 1, 1),
    ]
    assert path.rows("SELECT revision, state ->> 'title' FROM document_revisions") == [
        (1, "Before")
    ]
    said = path.rows(
        "SELECT e.key FROM mentions m JOIN entities e ON e.id = m.entity_id JOIN documents d"
        " ON d.id = m.document_id WHERE d.title = 'After' AND e.type = 'website'"
    )
    assert said == [("new.example",)]
    assert path.value("SELECT count(*) FROM entities WHERE key = 'other.example'") == 1


def test_a_result_for_a_replaced_revision_adds_no_statement(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, path.entry(1, link="https://old.example/"))
    path.fetch(path.due())
    path.extract(path.job_messages())
    path.web.serve(FEED, path.entry(1, link="https://new.example/"))
    again(path)
    path.hand_in(path.results.bodies)
    assert path.value("SELECT count(*) FROM entities") == 0
    assert path.value("SELECT result ->> 'superseded' FROM jobs WHERE status = 'succeeded'") == (
        "true"
    )


def test_provenance_names_at_most_twenty_documents(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, *(path.entry(number) for number in range(30)))
    path.fetch(path.due())
    jobs = path.job_messages()
    for start in range(0, 30, 5):
        path.extract(jobs[start : start + 5])
        path.hand_in(path.results.bodies)
        path.results.bodies.clear()
    sizes = path.rows(
        "SELECT DISTINCT jsonb_array_length(provenance -> 'documents'), version FROM entities"
    )
    assert sizes == [(20, 4)]
    assert path.value("SELECT count(DISTINCT document_id) FROM mentions") == 30


def test_a_result_without_news_writes_nothing(path: "Path") -> None:
    path.add(FEED)
    path.web.serve(FEED, *(path.entry(number) for number in range(25)))
    path.all_the_way()
    path.web.serve(FEED, path.entry(99))
    again(path)
    path.fetch(path.due())
    path.extract(path.job_messages())
    before = path.value(KNOWLEDGE_CHANGES)
    path.hand_in(path.results.bodies)
    assert path.value(KNOWLEDGE_CHANGES) == before


def test_without_the_comparison_an_unchanged_result_rewrites_its_entities(
    path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = knowledge_sql.UPSERT_ENTITIES.replace("(k.id IS NULL OR k.changes)", "true")
    assert blind != knowledge_sql.UPSERT_ENTITIES
    monkeypatch.setattr(
        knowledge_sql,
        "UPSERT_ENTITIES",
        blind.replace("FROM known WHERE NOT changes", "FROM known WHERE false"),
    )
    with pytest.raises(AssertionError):
        test_a_result_without_news_writes_nothing(path)


KNOWLEDGE_CHANGES = "SELECT count(*) FROM outbox WHERE aggregate IN ('entities', 'relationships')"


def again(path: "Path") -> None:
    """Let an hour pass, claim what is due, and fetch it."""
    path.clock.forward(hours=2)
    with path.work() as work:
        now = path.clock.now()
        commands = work.sources.claim_due(now, now, 100)
        work.publish(*commands)
    path.fetch(path.due()[-len(commands) :])


def test_the_files_of_an_entry_are_stored_and_kept_with_its_old_revisions(path: "Path") -> None:
    path.add(FEED)
    bare = path.entry(1)
    file = '<enclosure url="https://pod.example/4.mp3" type="audio/mpeg" length="12345"/></item>'
    path.web.serve(FEED, bare.replace("</item>", file))
    path.fetch(path.due())
    stored = [{"url": "https://pod.example/4.mp3", "type": "audio/mpeg", "length": 12345}]
    assert path.rows("SELECT enclosures FROM documents") == [(stored,)]
    path.web.serve(FEED, bare)
    again(path)
    assert path.rows("SELECT enclosures, revision FROM documents") == [([], 2)]
    assert path.rows("SELECT state -> 'enclosures' FROM document_revisions") == [(stored,)]
