"""Batches of queue messages: each is taken on its own, and only what failed comes back.

The answer is Lambda's partial batch response. Small on purpose: Powertools' batch costs a tenth of
a second of import and wants one call a message, while our use cases take a whole batch.
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
    """Names a message that stays in its queue."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda is told about a batch."""

    batchItemFailures: list[ItemFailure]


class _Record(BaseModel):
    message_id: str = Field(alias="messageId")
    body: str


class _Batch(BaseModel):
    records: list[_Record] = Field(alias="Records")


@dataclass(frozen=True, slots=True)
class Message(Generic[M]):
    """One decoded message."""

    id: str
    body: M


def take(
    event: Mapping[str, object],
    kind: type[M],
    act: Callable[[Sequence[Message[M]]], Iterable[tuple[Message[M], GroundworkError | None]]],
) -> BatchResponse:
    """Decode a batch, act on it, and say which messages failed.

    A body that is not what the queue carries is poison: it fails each time it comes, and its
    queue's redrive policy puts it aside, while the others go on.

    Args:
        event: Lambda's SQS event.
        kind: what a body is.
        act: takes the good messages together, and yields each with its error, or None. What it
            raises fails all that it had not yet yielded.
    """
    batch = _Batch.model_validate(event)
    failed: dict[str, None] = {}
    good: list[Message[M]] = []
    for record in batch.records:
        try:
            good.append(Message(record.message_id, kind.model_validate_json(record.body)))
        except ValidationError as bad:
            faults = bad.errors(include_url=False, include_input=False, include_context=False)
            log.error(  # noqa: TRY400 - the stack would show the message
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
        # The queue brings them again; nothing is lost by going on.
        log.exception("batch failed", extra={"messages": list(waiting)})
        failed |= waiting
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def bodies(
    act: Callable[[Sequence[M]], Iterable[tuple[M, GroundworkError | None]]],
) -> Callable[[Sequence[Message[M]]], Iterable[tuple[Message[M], GroundworkError | None]]]:
    """Let a use case that knows nothing of messages act on their bodies; it yields them back."""

    def run(messages: Sequence[Message[M]]) -> Iterable[tuple[Message[M], GroundworkError | None]]:
        of = {id(message.body): message for message in messages}
        for body, error in act([message.body for message in messages]):
            yield of[id(body)], error

    return run
