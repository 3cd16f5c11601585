"""A job while a worker has it: reports, results by parts, a lost lease."""

import pytest

from groundwork_client import (
    Job,
    LeaseLost,
    Refused,
    Result,
    StatedBy,
)

from .scripted_jobs import LOST, UNTIL, jobs, outcomes, work
from .scripted_server import Answer, Asked


def test_a_request_to_cancel_is_an_exception_at_the_next_report() -> None:
    def cancel(asked: Asked) -> Answer | None:
        answer = {"leased_until": UNTIL, "cancel_requested": True}
        return (200, answer, {}) if asked.path.endswith("/status") else None

    with jobs("a", when=cancel) as (client, server):
        work(client, lambda job: job.report(0.1))
    assert [path for path, _ in outcomes(server)] == ["a/status", "a/release"]


def test_a_lost_lease_is_an_exception_and_nothing_more_is_sent() -> None:
    raised = []

    def hand_in(job: Job) -> None:
        try:
            job.succeed({})
        except LeaseLost as error:
            raised.append((job.lost, error.status))
            raise

    with jobs("a", "b", when=lambda asked: LOST if "/a/" in asked.path else None) as (
        client,
        server,
    ):
        work(client, hand_in)
    assert raised == [(True, 409)]
    assert [path for path, _ in outcomes(server)] == ["a/results", "b/results"]


def test_a_refused_result_can_be_corrected_under_the_same_lease() -> None:
    def correct(job: Job) -> None:
        with pytest.raises(Refused):
            job.succeed({"entities": "none"})
        job.succeed({})

    def refuse(asked: Asked) -> Answer | None:
        wrong = asked.body.get("result") == {"entities": "none"}
        return (422, {"title": "Invalid"}, {}) if wrong else None

    with jobs("a", when=refuse) as (client, server):
        work(client, correct)
    assert [path for path, _ in outcomes(server)] == ["a/results", "a/results"]


def test_a_result_by_parts_is_numbered_and_names_its_model() -> None:
    def state(job: Job) -> None:
        first = Result(StatedBy("big", "3"))
        first.embedding([1, 0.5], model="small")
        job.add(first)
        last = Result()
        person = last.entity("person", key="a", name="A", evidence="A is", stated_by=StatedBy("x"))
        last.mention(person, confidence=0.5)
        last.mention(person, confidence=0.7)
        assert len(last) == 2
        job.succeed(last)

    with jobs("a") as (client, server):
        work(client, state)
    vector = {"subject": "document", "model": "small", "vector": [1.0, 0.5]}
    first = {
        "entities": [],
        "embeddings": [vector],
        "stated_by": {"model": "big", "version": "3"},
        "partial": True,
        "part": 1,
    }
    person = {"ref": "entity:0", "type": "person", "key": "a", "name": "A", "evidence": "A is"}
    last = {
        "entities": [{**person, "stated_by": {"model": "x"}}],
        "mentions": [{"ref": "entity:0", "confidence": 0.5}],
        "part": 2,
    }
    assert outcomes(server) == [("a/results", {"result": first}), ("a/results", {"result": last})]
