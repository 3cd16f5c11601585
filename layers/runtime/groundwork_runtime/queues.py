"""Process batches of SQS messages; only messages that failed return to the queue.

The result is Lambda's partial batch response. Powertools' batch processor is not used: importing it
takes 0.1 s, and it calls a handler per message, while our use cases take a whole batch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

from pydantic import BaseModel, Field, ValidationError

from groundwork_core.errors import GroundworkError
from groundwork_runtime import metrics

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)


class ItemFailure(TypedDict):
    """The id of a message that failed and returns to its queue."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """Lambda's partial batch response."""

    batchItemFailures: list[ItemFailure]


class _Record(BaseModel):
    message_id: str = Field(alias="messageId")
    body: str
    attributes: dict[str, str] = {}


class _Batch(BaseModel):
    records: list[_Record] = Field(alias="Records")


@dataclass(frozen=True, slots=True)
class Message(Generic[M]):
    """A queue message with its decoded body."""

    id: str
    body: M
    again: bool
    """True if the queue has delivered the message before: the earlier worker failed or died."""


def process_batch(
    event: Mapping[str, object],
    kind: type[M],
    act: Callable[[Sequence[Message[M]]], Iterable[tuple[Message[M], GroundworkError | None]]],
) -> BatchResponse:
    """Decode a batch, act on it, and return the ids of the messages that failed.

    A malformed body fails at each delivery, until the queue's redrive policy moves the message to
    the dead-letter queue. The other messages of the batch are processed.

    Args:
        event: Lambda's SQS event.
        kind: the model of a message body.
        act: gets the valid messages together and yields each with its error or None. If it
            raises, all messages that it has not yielded have failed.
    """
    batch = _Batch.model_validate(event)
    failed: dict[str, None] = {}
    good: list[Message[M]] = []
    for record in batch.records:
        try:
            body = kind.model_validate_json(record.body)
            again = int(record.attributes.get("ApproximateReceiveCount", "1")) > 1
            good.append(Message(record.message_id, body, again))
        except ValidationError as bad:
            faults = bad.errors(include_url=False, include_input=False, include_context=False)
            log.error(  # noqa: TRY400 - the stack would contain the message
                "poison message", extra={"message_id": record.message_id, "faults": faults}
            )
            metrics.emit("PoisonMessages", 1, queue=kind.__name__)
            failed[record.message_id] = None
    waiting = {message.id: None for message in good}
    try:
        for message, error in act(good) if good else ():
            waiting.pop(message.id, None)
            if error is not None:
                log.warning(
                    "message failed", extra={"message_id": message.id, "detail": error.detail}
                )
                failed[message.id] = None
    except Exception:
        # The queue delivers the messages again.
        log.exception("batch failed", extra={"messages": list(waiting)})
        failed |= waiting
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def by_body(
    act: Callable[[Sequence[M]], Iterable[tuple[M, GroundworkError | None]]],
) -> Callable[[Sequence[Message[M]]], Iterable[tuple[Message[M], GroundworkError | None]]]:
    """Adapt a use case that takes and yields bodies to `process_batch`."""

    def run(messages: Sequence[Message[M]]) -> Iterable[tuple[Message[M], GroundworkError | None]]:
        of = {id(message.body): message for message in messages}
        for body, error in act([message.body for message in messages]):
            yield of[id(body)], error

    return run
