"""Storing the entries of a feed and queueing their jobs, on the in-memory stores."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from tests.fakes.work import MemoryWork

from groundwork_core.documents import ingest as module
from groundwork_core.documents.identity import Identity
from groundwork_core.documents.ingest import Ingested, ingest
from groundwork_core.documents.model import Entry

SOURCE = uuid4()


def entry(name: str, link: str | None = None, title: str = "title") -> Entry:
    return Entry(name, link, title, None, "text", "", None, None)


def store(work: MemoryWork, *entries: Entry, identity: Identity = Identity.ID) -> Ingested:
    with work:
        return ingest(SOURCE, entries, documents=work.documents, jobs=work.jobs, identity=identity)


def jobs(work: MemoryWork) -> list[tuple[UUID, int]]:
    """Return document and revision of the queued jobs."""
    with work:
        found = work.jobs.lock([UUID(one) for one in work.tables.of("jobs")])
    assert {job.kind for job in found} <= {"extract"}
    return [
        (UUID(str(job.payload["document_id"])), int(str(job.payload["revision"]))) for job in found
    ]


def documents(work: MemoryWork) -> set[str]:
    return {row["external_id"] for row in work.tables.of("documents").values()}


def test_each_new_entry_gets_a_document_and_a_job() -> None:
    work = MemoryWork()
    assert store(work, entry("1"), entry("2")) == Ingested(new=2)
    assert documents(work) == {"1", "2"}
    assert [revision for _, revision in jobs(work)] == [1, 1]


def test_an_entry_that_did_not_change_gets_no_further_job() -> None:
    work = MemoryWork()
    for _ in range(2):
        again = store(work, entry("1"))
    assert (again, len(jobs(work))) == (Ingested(), 1)


def test_a_changed_entry_gets_a_job_for_its_new_revision() -> None:
    work = MemoryWork()
    store(work, entry("1"))
    assert store(work, replace(entry("1"), summary="new text")) == Ingested(changed=1)
    first, second = sorted(jobs(work), key=lambda job: job[1])
    assert (first[0], first[1], second[1]) == (second[0], 1, 2)


def test_an_entry_that_is_repeated_in_a_feed_is_stored_once() -> None:
    work = MemoryWork()
    assert store(work, entry("1"), entry("1")) == Ingested(new=1, repeated=1)


def test_documents_keep_their_jobs_when_the_feed_needs_a_finer_identity() -> None:
    work = MemoryWork()
    store(work, entry("1", "https://a.example/1"))
    alike = [entry("1", f"https://a.example/{n}") for n in range(1, 4)]
    found = store(work, *alike)
    assert (found.identity, found.new, found.changed) == (Identity.LINK, 2, 0)
    assert len(jobs(work)) == len(documents(work)) == 3


def test_more_entries_than_one_poll_stores_wait_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_FRESH", 2)
    work = MemoryWork()
    entries = [entry(str(n)) for n in range(3)]
    assert store(work, *entries) == Ingested(new=2, waiting=1)
    assert store(work, *entries) == Ingested(new=1)
