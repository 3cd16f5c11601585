"""A worker gets the documents of its jobs with the lease, if it asks for them."""

from typing import Any
from uuid import uuid4

import pytest

from groundwork_core.jobs import include_documents

from .conftest import Office


def with_document(office: Office, content: str = "<p>text</p>") -> tuple[str, str]:
    """Queue a job with a document; return the ids of document and source."""
    source = office.rest.create("sources", name="s", url=f"https://{uuid4().hex}.example/")
    document = office.rest.create(
        "documents",
        source_id=source.json["id"],
        url=f"https://a.example/{uuid4().hex}",
        title="t",
        content=content,
    )
    office.add(document_id=document.json["id"])
    return document.json["id"], source.json["id"]


@pytest.mark.parametrize("way", [{}, {"max": 2}, {"messages": ["m1"]}])
def test_a_lease_includes_document_and_source_as_the_api_shows_them(
    office: Office, way: dict[str, Any]
) -> None:
    document, source = with_document(office)
    reply = office.lease(include=["document"], **way).json
    (job,) = reply["items"] if way else [reply]
    assert job["document"] == office.rest("GET", f"/api/v1/documents/{document}").json
    assert job["source"] == office.rest("GET", f"/api/v1/sources/{source}").json


def test_a_job_without_a_document_has_neither(office: Office) -> None:
    office.add()
    job = office.lease(include=["document"]).json
    assert (job["document"], job["source"]) == (None, None)


def test_a_lease_shows_no_document_unless_it_asks_for_one(office: Office) -> None:
    with_document(office)
    assert not {"document", "source"} & office.leased().keys()


@pytest.mark.parametrize(("bytes_max", "left_out"), [(20_000, 1), (4_000_000, 0)])
def test_documents_that_do_not_fit_are_left_out(
    office: Office, monkeypatch: pytest.MonkeyPatch, bytes_max: int, left_out: int
) -> None:
    for _ in range(2):
        with_document(office, "x" * 10_000)
    monkeypatch.setattr(include_documents, "LEASED_BYTES_MAX", bytes_max)
    jobs = office.lease(max=2, include=["document"]).json["items"]
    assert [job["document"] is None for job in jobs].count(True) == left_out
    assert all(job["document_id"] for job in jobs)


@pytest.mark.parametrize("lacking", ["documents:read", "sources:read"])
def test_leasing_documents_needs_the_right_to_read_them(office: Office, lacking: str) -> None:
    office.add()
    scopes = sorted({"jobs:write", "documents:read", "sources:read"} - {lacking})
    made = office.rest.create("api-keys", name="k", scopes=scopes)
    asked = {"kinds": [office.kind], "worker": "w", "include": ["document"]}
    key = {"X-API-Key": made.json["key"]}
    refused = office.rest("POST", "/api/v1/jobs/lease", asked, headers=key, token=None)
    assert refused.status == 403
    assert office.leased()["attempt"] == 1


def test_messages_and_max_exclude_each_other(office: Office) -> None:
    assert office.lease(max=2, messages=["m"]).status == 422
