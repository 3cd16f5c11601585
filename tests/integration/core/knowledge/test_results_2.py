"""Results of version 2 of the contract: statements, confidences, vectors and parts."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.knowledge.confidence import combined
from groundwork_core.knowledge.hand_in import HandedIn, HandIn
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ...functions.rest_api.conftest import Reply
from ..jobs.conftest import Office

BY = {"model": "vendor/reader", "version": "2026-11"}


class Desk:
    """Documents of several sources, their jobs, and what results make of one topic."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.key = f"tides {office.kind}"
        self.topic = {"ref": "t", "type": "topic", "key": self.key, "name": "Tides"}

    def source(self) -> str:
        url = f"https://{uuid4()}.example/rss"
        schedule = {"kind": "interval", "every_seconds": 900}
        made = self.office.rest.create("sources", name="S", url=url, kind="feed", schedule=schedule)
        return str(made.json["id"])

    def document(self, source: str | None = None) -> str:
        url = f"https://{uuid4()}.example/a"
        of = {"source_id": source or self.source()}
        return str(self.office.rest.create("documents", **of, url=url, title="T").json["id"])

    def job(self, document: str, revision: int = 1) -> dict[str, Any]:
        payload = {"document_id": document, "revision": revision}
        self.office.add(document_id=document, payload=payload)
        return self.office.leased()

    def state(self, job: dict[str, Any], **result: Any) -> Reply:
        return self.office.act(job, "results", result=result)

    def said(self, document: str, confidence: float, revision: int = 1) -> Reply:
        entity = {**self.topic, "confidence": confidence}
        return self.state(self.job(document, revision), entities=[entity])

    def entity(self) -> dict[str, Any]:
        path = "/api/v1/entities"
        (found,) = self.office.rest("GET", path, query={"key": self.key}).json["items"]
        shown: dict[str, Any] = found
        return shown

    def confidence(self) -> float:
        return float(self.entity()["confidence"])

    def mentions(self, document: str) -> list[dict[str, Any]]:
        path = f"/api/v1/documents/{document}/mentions"
        found: list[dict[str, Any]] = self.office.rest("GET", path).json["items"]
        return found


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def test_each_statement_is_kept_with_its_evidence_and_who_states_it(desk: Desk) -> None:
    document = desk.document()
    other = {**desk.topic, "ref": "u", "key": f"moon {desk.key}", "evidence": "the moon"}
    reply = desk.state(
        desk.job(document),
        stated_by=BY,
        entities=[{**desk.topic, "confidence": 0.8}, {**other, "stated_by": {"model": "m"}}],
        relationships=[{"from": "u", "to": "t", "type": "CAUSES", "evidence": "is drawn by"}],
        mentions=[{"ref": "t", "role": "subject", "evidence": "the tide", "confidence": 0.7}],
    )
    assert reply.status == 200, reply.text
    found = {one["evidence"]: one for one in desk.mentions(document)}
    assert found["the tide"]["stated_by"] == {"worker": "w", **BY}
    assert (found["the tide"]["confidence"], found["the tide"]["subject_confidence"]) == (0.7, 0.8)
    assert found["the moon"]["stated_by"] == {"worker": "w", "model": "m"}
    assert found["is drawn by"]["relationship_id"]
    assert len(found) == 3


def test_vectors_of_the_document_and_of_entities_are_kept(desk: Desk) -> None:
    document, model = desk.document(), f"m-{uuid4()}"
    for vector in ([1.0, 0.0], [0.6, 0.8]):  # the second one replaces the first
        reply = desk.state(
            desk.job(document),
            entities=[desk.topic],
            embeddings=[
                {"subject": "document", "model": model, "vector": vector},
                {"subject": "t", "model": model, "vector": [0, 1]},
            ],
        )
        assert (reply.status, reply.json["result"]["embeddings"]) == (200, 2), reply.text
    items = desk.office.rest("GET", "/api/v1/embeddings", query={"model": model}).json["items"]
    assert {(one["subject_type"], one["subject_id"]): one["vector"] for one in items} == {
        ("document", document): [0.6, 0.8],
        ("entity", desk.entity()["id"]): [0, 1],
    }


def test_a_vector_of_wrong_size_is_422_and_nothing_of_its_result_is_stored(desk: Desk) -> None:
    document, model = desk.document(), f"m-{uuid4()}"
    first = {"subject": "document", "model": model, "vector": [1, 2]}
    assert desk.state(desk.job(document), embeddings=[first]).status == 200
    job = desk.job(document)
    bad = desk.state(job, entities=[desk.topic], embeddings=[{**first, "vector": [1]}])
    assert (bad.status, bad.pointers) == (422, {"/result/embeddings/0/vector"})
    assert "2 dimensions" in bad.json["errors"][0]["detail"]
    desk.office.add()
    bad = desk.state(desk.office.leased(), embeddings=[first])
    assert (bad.status, bad.pointers) == (422, {"/result/embeddings/0/subject"})
    assert desk.office.rest("GET", "/api/v1/entities", query={"key": desk.key}).json["items"] == []


def test_sources_confirm_one_another_and_one_source_does_not_itself(desk: Desk) -> None:
    source = desk.source()
    assert desk.said(desk.document(source), 0.6).status == 200
    desk.said(desk.document(source), 0.5)
    assert desk.confidence() == 0.6
    desk.said(desk.document(), 0.5)
    assert desk.confidence() == combined([0.6, 0.5], None) == 0.8


def test_statements_of_a_replaced_revision_no_longer_count(desk: Desk) -> None:
    document, other = desk.document(), desk.document()
    desk.said(document, 0.9)
    desk.said(other, 0.5)
    assert desk.confidence() == 0.95
    office = desk.office
    office.sql("UPDATE documents SET revision = 2 WHERE id = %s", UUID(document))
    office.sql("DELETE FROM jobs WHERE kind = 'extract'")
    desk.state(desk.job(document, revision=2), entities=[])
    assert desk.confidence() == 0.5
    late = desk.said(document, 0.9, revision=1)
    assert (late.status, late.json["result"]["superseded"]) == (200, True)
    assert desk.confidence() == 0.5


def test_a_merge_combines_statements_and_a_split_separates_them(desk: Desk) -> None:
    desk.said(desk.document(), 0.5)
    one = desk.entity()
    first, desk.key = desk.key, f"ebb {desk.key}"
    desk.topic |= {"key": desk.key, "name": "Ebb"}
    desk.said(desk.document(), 0.6)
    into, rest = desk.entity(), desk.office.rest
    merged = rest("POST", f"/api/v1/entities/{one['id']}/merge", {"into": into["id"]})
    assert (merged.status, merged.json["confidence"]) == (200, 0.8)
    assert rest("POST", f"/api/v1/entities/{one['id']}/split").status == 200
    assert desk.confidence() == 0.6
    desk.key = first
    assert desk.confidence() == 0.5


def test_clients_are_one_party_and_their_values_are_fixed(desk: Desk) -> None:
    rest = desk.office.rest
    fields = {name: desk.topic[name] for name in ("type", "key", "name")}
    made = rest.create("entities", **fields, confidence=0.5)
    desk.said(desk.document(), 0.5)
    assert desk.confidence() == 0.75
    body = {"items": [{**fields, "confidence": 0.6}]}
    assert rest("POST", "/api/v1/entities/bulk", body).status == 200
    assert desk.confidence() == 0.8
    change = rest("PATCH", made.location, {"confidence": 0.2}, headers={"If-Match": "*"})
    assert change.json["confidence"] == 0.2
    desk.said(desk.document(), 0.9)
    assert desk.confidence() == 0.2


def test_parts_are_applied_once_and_the_last_one_ends_the_job(desk: Desk) -> None:
    document = desk.document()
    job = desk.job(document)
    desk.office.clock.forward(seconds=40)
    for _ in range(2):
        reply = desk.state(job, part=1, partial=True, entities=[desk.topic])
        assert (reply.status, reply.json["status"]) == (200, "leased"), reply.text
    assert reply.json["leased_until"] > job["leased_until"]
    early = desk.state(job, part=3, entities=[])
    assert early.status == 409
    assert "2" in early.json["detail"]
    assert desk.state(job, part=2, partial=True, entities=[]).status == 200
    last = desk.state(job, part=3, entities=[{**desk.topic, "key": f"ebb {desk.key}"}])
    assert (last.status, last.json["status"]) == (200, "succeeded")
    assert (last.json["result"]["entities"], last.json["result"]["superseded"]) == (2, False)
    again = desk.state(job, part=2, partial=True, entities=[desk.topic])
    assert (again.status, again.json["result"]["entities"]) == (200, 2)


def test_a_part_of_a_lost_lease_changes_nothing(desk: Desk) -> None:
    job = desk.job(desk.document())
    desk.state(job, part=1, partial=True, entities=[])
    desk.office.clock.forward(seconds=61)
    second = desk.office.leased("two")
    lost = desk.state(job, part=2, partial=True, entities=[desk.topic])
    assert (lost.status, lost.json["type"].endswith("/lease-lost")) == (409, True)
    # The parts of the first lease are not those of the second.
    assert desk.state(second, part=2, entities=[desk.topic]).status == 409
    assert desk.state(second, part=1, entities=[desk.topic]).status == 200


def test_parts_without_numbers_are_added_up(desk: Desk) -> None:
    job = desk.job(desk.document())
    for _ in range(2):
        assert desk.state(job, partial=True, entities=[desk.topic]).json["status"] == "leased"
    assert desk.state(job, entities=[desk.topic]).json["result"]["entities"] == 3


def test_parts_of_a_result_may_arrive_by_the_queue_in_any_order(desk: Desk) -> None:
    job = desk.job(desk.document())
    database = Database(desk.office.rest.url, application_name="test")
    hand_in = HandIn(work=lambda: PostgresUnitOfWork(database), clock=desk.office.clock)

    def send(**fields: object) -> Any:
        whole = {
            "contract": "groundwork/extraction-result/2",
            "job_id": job["id"],
            "attempt": 1,
            "worker": "q",
            "lease_token": job["lease_token"],
            **fields,
        }
        ((_, error),) = hand_in([HandedIn.model_validate(whole)])
        return error

    assert send(part=2) is not None  # it comes back, for part 1 has not come
    assert desk.office.shown(job)["status"] == "leased"
    assert send(part=1, partial=True, entities=[desk.topic]) is None
    assert send(part=2) is None
    assert desk.office.shown(job)["result"]["entities"] == 1
    database.close()


def test_a_result_that_is_too_large_is_refused_with_the_limit(desk: Desk) -> None:
    job = desk.job(desk.document())
    many = [{**desk.topic, "ref": f"t{n}", "key": f"{n} {desk.key}"} for n in range(5_001)]
    refused = desk.state(job, entities=many)
    assert (refused.status, refused.pointers) == (422, {"/result/entities"})
    assert "5000" in refused.json["errors"][0]["detail"]
    long = {"x": "x" * 900_000}
    refused = desk.state(job, entities=[{**one, "attributes": long} for one in many[:12]])
    assert (refused.status, "10,485,760" in refused.json["detail"]) == (413, True)
    assert desk.office.shown(job)["status"] == "leased"
