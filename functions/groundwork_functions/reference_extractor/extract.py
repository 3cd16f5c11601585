"""The reference worker: leases jobs over the API, states what feeds say, hands in results.

It uses only what any team's worker has: messages of the job queue, the API, and the results queue
(docs/contracts). It reads no table.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from groundwork_client import BadInput, Client, Internal, Job, LeaseLost, NotFound
from groundwork_functions.reference_extractor.statements import RegistrableHost, state

log = logging.getLogger(__name__)

KIND = "extract"
LEASE_SECONDS = 300
"""Long enough for the result to be applied although many wait in their queue."""

Sends = Callable[[Sequence[Mapping[str, Any]]], None]


def extract(
    message_ids: Sequence[str], *, client: Client, send: Sends, registrable_host: RegistrableHost
) -> None:
    """Work on one job for each message of the job queue.

    A message whose job no longer waits needs no work. Errors of the lease and of `send` are raised;
    the queue then delivers the messages again, and they get the same jobs again.

    Args:
        message_ids: the ids of a batch of messages of kind `extract`.
        client: a client whose key may lease jobs and read documents and sources.
        send: puts messages on the results queue.
        registrable_host: finds the website of a URL.
    """
    jobs = client.lease(
        KIND, lease_seconds=LEASE_SECONDS, messages=message_ids, include=["document"]
    )
    results = []
    for job in jobs:
        try:
            results.append(_result_of(job, registrable_host))
        except BadInput as error:
            _fail(job, error)
        except Exception as error:  # one document must not fail the rest of the batch
            log.exception("extraction failed", extra={"job_id": job.id})
            _fail(job, Internal(f"{type(error).__name__}: {error}"))
    if results:
        send(results)


def _result_of(job: Job, registrable_host: RegistrableHost) -> Mapping[str, Any]:
    try:
        document, source = job.document, job.source
    except NotFound:
        document = source = None
    if document is None or source is None:
        raise BadInput("The job has no document.")
    return job.result_message(state(document, source, registrable_host=registrable_host))


def _fail(job: Job, failure: BadInput | Internal) -> None:
    try:
        job.fail(failure)
    except (LeaseLost, NotFound):
        log.warning("another worker has the job, or it is gone", extra={"job_id": job.id})
