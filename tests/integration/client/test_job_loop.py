"""The loop over jobs: each ends with one outcome."""

from collections.abc import Callable
from typing import Any

import pytest

from groundwork_client import (
    BadInput,
    Cancelled,
    Job,
    Result,
    Retryable,
)

from .scripted_jobs import LOST, jobs, outcomes, work


def test_a_job_is_leased_and_its_result_handed_in() -> None:
    def state(job: Job) -> None:
        assert (job.payload, job.checkpoint, job.attempt) == (
            {"document_id": "d"},
            {"page": 2},
            1,
        )
        result = Result()
        result.mention(result.entity("person", key="ada", name="Ada"), role="author")
        job.succeed(result)

    with jobs("a") as (client, server):
        work(client, state, lease_seconds=30)
    assert server.asked[0].body == {"kinds": ["extract"], "worker": "t/1", "lease_seconds": 30}
    stated = {
        "entities": [{"ref": "entity:0", "type": "person", "key": "ada", "name": "Ada"}],
        "mentions": [{"ref": "entity:0", "role": "author"}],
    }
    assert outcomes(server) == [("a/results", {"result": stated})]


def failing(error: BaseException) -> Callable[[Job], None]:
    def do(_job: Job) -> None:
        raise error

    return do


@pytest.mark.parametrize(
    ("error", "action", "body"),
    [
        (
            Retryable("away", retry_after=90),
            "failure",
            {"class": "retryable", "message": "away", "retry_after_seconds": 90},
        ),
        (BadInput("no text"), "failure", {"class": "bad_input", "message": "no text"}),
        (KeyError("x"), "failure", {"class": "internal", "message": "KeyError: 'x'"}),
        (Cancelled("a"), "release", {}),
    ],
)
def test_an_exception_ends_the_job_and_the_loop_goes_on(
    error: BaseException, action: str, body: dict[str, Any]
) -> None:
    with jobs("a", "b") as (client, server):
        work(client, failing(error))
    assert outcomes(server) == [(f"a/{action}", body), (f"b/{action}", body)]


def test_a_job_left_without_an_outcome_fails() -> None:
    with jobs("a") as (client, server):
        work(client, lambda _job: None)
    ((action, body),) = outcomes(server)
    assert (action, body["class"]) == ("a/failure", "internal")


def test_a_job_without_its_block_is_given_back() -> None:
    with jobs("a", "b") as (client, server):
        assert [job.id for job in client.jobs("extract", when_idle="stop")] == ["a", "b"]
    assert outcomes(server) == [("a/release", {}), ("b/release", {})]


def test_leaving_the_loop_gives_the_rest_of_a_batch_back() -> None:
    with jobs("a", "b", "c") as (client, server):
        for job in client.jobs("extract", batch=3):
            with job:
                job.succeed({})
            break
    assert [path for path, _ in outcomes(server)] == ["a/results", "b/release", "c/release"]


def test_a_job_waits_for_an_outside_batch_and_keeps_a_checkpoint() -> None:
    def wait(job: Job) -> None:
        job.report(0.5, "half", checkpoint={"page": 3})
        job.defer("batch-7", check_after=600)

    with jobs("a") as (client, server):
        work(client, wait)
    assert outcomes(server) == [
        ("a/status", {"progress": 0.5, "message": "half", "checkpoint": {"page": 3}}),
        ("a/defer", {"reference": "batch-7", "check_after_seconds": 600}),
    ]


def test_a_release_whose_response_was_lost_counts_as_done() -> None:
    answers = iter([(0, None, {}), LOST])

    with jobs("a", when=lambda a: next(answers) if a.path.endswith("/release") else None) as (
        client,
        server,
    ):
        work(client, lambda job: job.release())
    assert [path for path, _ in outcomes(server)] == ["a/release", "a/release"]
