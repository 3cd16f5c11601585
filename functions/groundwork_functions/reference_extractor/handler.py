"""Process extraction jobs from their queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalice.app import SQSEvent
from pydantic import BaseModel

from groundwork_client import NotAllowed
from groundwork_functions.reference_extractor.extract import extract
from groundwork_runtime.events import EventApp
from groundwork_runtime.queues import BatchResponse, Message, process_batch
from groundwork_runtime.wiring import wiring

handler = EventApp("reference_extractor")


class Announced(BaseModel):
    """The fields of a job message (docs/contracts/job-1.json) that this worker reads."""

    job_id: str
    kind: str


@handler.on_sqs_message(queue="ExtractQueue", batch_size=10)
def jobs(event: SQSEvent) -> BatchResponse:
    """Process a batch of jobs and hand in their results."""
    return process_batch(event.to_dict(), Announced, _work)


def _work(messages: Sequence[Message[Announced]]) -> Iterator[tuple[Message[Announced], None]]:
    parts = wiring()
    try:
        extract(
            [message.id for message in messages],
            client=parts.worker_client.client,
            send=parts.queue(parts.settings.results_queue_url).send,
            registrable_host=parts.registrable_host,
        )
    except NotAllowed:
        parts.worker_client.renew()
        raise
    yield from ((message, None) for message in messages)
