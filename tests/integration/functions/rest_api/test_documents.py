"""Documents that clients create are stored as those of feeds are."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.documents.ingest import ingest
from groundwork_core.documents.model import Entry, external_id, wording_hash
from groundwork_core.errors import Invalid
from groundwork_core.jobs.model import JobRow
from groundwork_data.postgres.jobs import PostgresJobs
from groundwork_data.web.entries import clean_html
from groundwork_data.web.html import Cleaned

from .conftest import Rest

URL = "https://example.org/a"
HTML = '<p onclick="x()">Of <a href="/b">engines</a><script>alert(1)</script>'
CLEAN = '<p>Of <a href="https://example.org/b">engines</a></p>'
MISSING = "0190b9d0-0000-7000-8000-000000000000"


def source(rest: Rest, name: str = "one") -> str:
    made = rest.create("sources", name=name, url=f"https://example.org/{name}.xml")
    return str(made.json["id"])


def new(source_id: str, **fields: object) -> dict[str, Any]:
    return {"source_id": source_id, "url": URL, "title": "On engines", **fields}


def jobs(rest: Rest, document: str) -> list[Any]:
    return rest.database.rows(
        "SELECT kind, (payload ->> 'revision')::int FROM jobs WHERE document_id = %s", [document]
    )


def test_a_created_document_equals_an_ingested_one(rest: Rest) -> None:
    said = {"author": "Ada", "language": "en", "published_at": "2026-01-01T01:00:00+01:00"}
    brought = rest.create("documents", **new(source(rest), content=HTML, **said))
    assert (brought.json["content"], brought.json["revision"]) == (CLEAN, 1)
    assert brought.json["external_id"] == URL
    assert jobs(rest, brought.json["id"]) == [("extract", 1)]
    assert rest("GET", brought.location).json == brought.json
    entry = Entry(
        external_id=external_id(None, URL, ""),
        url=URL,
        title="On engines",
        summary="",
        content=clean_html(HTML, URL).html,
        author="Ada",
        language="en",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        authors=("Ada",),
        links=("https://example.org/b",),
        wording=wording_hash("", clean_html(HTML, URL).wording),
    )
    assert brought.json["content_hash"] == entry.content_hash()
    # A feed that states the same says nothing new.
    with rest.parts.work() as work:
        again = ingest(
            UUID(brought.json["source_id"]), [entry], documents=work.documents, jobs=work.jobs
        )
    assert (again.new, again.changed) == (0, 0)


FILE = {"url": "https://example.org/4.mp3", "type": "audio/mpeg", "length": 12345}


def test_enclosures_of_a_document_are_shown(rest: Rest) -> None:
    made = rest.create("documents", **new(source(rest), enclosures=[FILE, {"url": URL}]))
    assert made.json["enclosures"] == [FILE, {"url": URL, "type": None, "length": None}]
    assert rest("GET", made.location).json == made.json
    assert rest("GET", "/api/v1/documents").json["items"] == [made.json]
    other = rest.create("documents", **new(source(rest, "two")))
    assert other.json["enclosures"] == []
    assert other.json["content_hash"] != made.json["content_hash"]


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ({}, "/enclosures/0/url"),
        ({"url": "javascript:x"}, "/enclosures/0/url"),
        ({"url": URL, "length": -1}, "/enclosures/0/length"),
        ({"url": URL, "length": "7"}, "/enclosures/0/length"),
        ({"url": URL, "length": 2**53}, "/enclosures/0/length"),
        ({"url": URL, "type": 7}, "/enclosures/0/type"),
        ({"url": URL, "size": 7}, "/enclosures/0/size"),
        (URL, "/enclosures/0"),
    ],
)
def test_a_malformed_enclosure_is_refused(shared_rest: Rest, file: object, pointer: str) -> None:
    reply = shared_rest("POST", "/api/v1/documents", new(MISSING, enclosures=[file]))
    assert (reply.status, reply.pointers) == (422, {pointer})


def test_files_are_bounded(shared_rest: Rest) -> None:
    reply = shared_rest("POST", "/api/v1/documents", new(MISSING, enclosures=[FILE] * 51))
    assert (reply.status, reply.pointers) == (422, {"/enclosures"})


@pytest.mark.parametrize(
    "stored",
    [
        *(
            "{}",
            "[1]",
            "[[]]",
            "[{}]",
            '[{"url": "x"}]',
            '[{"url": 1, "type": null, "length": null}]',
        ),
        '[{"url": "x", "type": 1, "length": null}]',
        '[{"url": "x", "type": null, "length": "1"}]',
        '[{"url": "x", "type": null, "length": -1}]',
    ],
)
def test_the_database_refuses_invalid_enclosures(shared_rest: Rest, stored: str) -> None:
    with pytest.raises(Invalid, match="enclosures breaks a rule"):
        shared_rest.database.rows(
            "INSERT INTO documents (source_id, external_id, content_hash, enclosures)"
            " VALUES (gen_random_uuid(), 'x', repeat('0', 64), %s::jsonb) RETURNING id",
            [stored],
        )


def test_the_same_address_is_the_same_document_within_its_source(rest: Rest) -> None:
    first = source(rest)
    rest.create("documents", **new(first))
    again = rest("POST", "/api/v1/documents", new(first, title="Other"))
    assert (again.status, again.pointers) == (409, {"/url"})
    rest.create("documents", **new(source(rest, "two")))


def test_a_document_of_a_missing_source_is_refused(rest: Rest) -> None:
    reply = rest("POST", "/api/v1/documents", new(MISSING))
    assert (reply.status, reply.pointers) == (422, {"/source_id"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "javascript:x"), ("title", ""), ("content_hash", "0" * 64), ("source_id", None)],
)
def test_an_invalid_field_of_a_document_is_named(
    shared_rest: Rest, field: str, value: object
) -> None:
    reply = shared_rest("POST", "/api/v1/documents", {**new(MISSING), field: value})
    assert (reply.status, reply.pointers) == (422, {f"/{field}"})


def test_a_document_is_not_stored_if_its_job_cannot_be_queued(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = new(source(rest))

    def fails(_self: object, _jobs: list[JobRow]) -> None:
        message = "no jobs today"
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        patched.setattr(PostgresJobs, "add", fails)
        assert rest("POST", "/api/v1/documents", body).status == 500
    assert rest.database.rows("SELECT FROM documents") == []
    rest.create("documents", **body)


def test_a_patch_leaves_the_hash_and_makes_no_job(rest: Rest) -> None:
    made = rest.create("documents", **new(source(rest), summary="1 < 2"))
    assert made.json["summary"] == "1 &lt; 2"
    changed = rest("PATCH", made.location, {"title": "B"}, headers={"If-Match": made.etag})
    assert (changed.status, changed.json["title"], changed.json["version"]) == (200, "B", 2)
    assert changed.json["content_hash"] == made.json["content_hash"]
    assert len(jobs(rest, made.json["id"])) == 1


def test_without_cleaning_a_document_is_returned_with_its_script(rest: Rest) -> None:
    """With the guard disabled."""
    rest.parts.clean_html = lambda text, _base: Cleaned(text, ())
    made = rest.create("documents", **new(source(rest), content=HTML))
    assert "<script>" in made.json["content"]


def test_closing_tags_that_open_nothing_are_cleaned_in_linear_time() -> None:
    depth = 5_000
    assert clean_html("<b>" * depth + "</i>" * depth, None).html == "<b>" * depth + "</b>" * depth
