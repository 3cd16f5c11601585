"""Calls for several jobs at once: heartbeats and results."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from groundwork_client.errors import ApiError, GroundworkError, LeaseLost, NotFound
from groundwork_client.http import RETRIED

if TYPE_CHECKING:
    from groundwork_client.http import Http
    from groundwork_client.job import Job

log = logging.getLogger(__name__)

OK = 200
JOBS_MAX = 100
BYTES_MAX = 8_000_000
"""Of the results in one request; the server takes 10 MB."""


def beat_together(jobs: Sequence[Job], http: Http) -> None:
    """Extend the leases of jobs; a job whose lease is lost is marked as lost."""
    for start in range(0, len(jobs), JOBS_MAX):
        some = jobs[start : start + JOBS_MAX]
        try:
            if len(some) == 1:
                some[0].beat()
            else:
                _report(some, http)
        except (LeaseLost, NotFound):
            log.warning("the lease of job %s is lost", some[0].id)
        except GroundworkError:
            # The next beat tries again; the server decides when the leases are over.
            log.warning("a heartbeat failed", exc_info=True)


def hand_in_together(jobs: Sequence[Job], http: Http) -> None:
    """Hand in the results that jobs keep; a job whose result is refused fails.

    Raises:
        Unreachable: no response after all retries; the jobs keep their results.
        ApiError: the server responds to no call, or not to this key.
    """
    for some in _requests([job for job in jobs if job.kept is not None]):
        with _locked(some):
            try:
                items = [job.item(result=job.kept) for job in some]
                said = _ask("results", items, http)
            except ApiError:
                said = [{"status": 503}] * len(some)  # each alone gets its own error
            for job, one in zip(some, said, strict=True):
                job.kept_is_sent()
                if one["status"] == OK:
                    job.outcome = "succeeded"
        for job, one in zip(some, said, strict=True):
            if one["status"] != OK:
                _end_alone(job, one)


def _end_alone(job: Job, said: dict[str, Any]) -> None:
    """End a job as if its result had been handed in within its block."""
    with job:
        if said["status"] in RETRIED:
            job.hand_in_again()
        else:
            raise job.problem(said)


def _report(jobs: Sequence[Job], http: Http) -> None:
    with _locked(jobs):
        held = [job for job in jobs if job.held]
        said = _ask("status", [job.item(progress=job.progress) for job in held], http)
        for job, one in zip(held, said, strict=True):
            if one["status"] == OK:
                job.extended(one)
            else:
                log.warning("a heartbeat of job %s failed: %s", job.id, job.problem(one))


def _ask(word: str, items: list[dict[str, Any]], http: Http) -> list[dict[str, Any]]:
    if not items:
        return []
    said: list[dict[str, Any]] = http.call("POST", f"/jobs/{word}", {"items": items}).body[
        "results"
    ]
    return said


def _locked(jobs: Sequence[Job]) -> ExitStack:
    """Keep other threads from reporting on jobs; in one order, so that two threads take turns."""
    with ExitStack() as stack:
        for job in sorted(jobs, key=lambda one: one.id):
            stack.enter_context(job.lock)
        return stack.pop_all()


def _requests(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Divide jobs, so that the results of each part fit into one request."""
    part: list[Job] = []
    size = 0
    for job in jobs:
        more = len(json.dumps(job.kept, ensure_ascii=False).encode())
        if part and (len(part) == JOBS_MAX or size + more > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(job)
        size += more
    if part:
        yield part
