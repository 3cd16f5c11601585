"""Run a request with an Idempotency-Key once; repetitions get the stored response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundwork_core.errors import Fault, InFlight, Invalid
from groundwork_core.idempotency.ports import IdempotencyWork, Seal, StoredResponse

KEPT_HOURS = 24
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, as bytes that only the runtime layer can read."""

    answer: bytes
    repeated: bool
    """Whether it is the stored response of an earlier request."""


def answer_once(
    body: bytes, act: Callable[[], bytes], *, seal: Seal, work: IdempotencyWork
) -> Answered:
    """Return the stored response, or run the request and store its response.

    The claim, the effect and the response are one transaction, so a crash leaves all or nothing.
    An error of `act` rolls back and is not stored.

    Args:
        body: the request's body; the same key with another body is refused.
        act: runs the request in this transaction and returns the response.
        seal: derived from the key; the stored response can only be read with it.
        work: the shared unit of work.

    Raises:
        InFlight: the first request with this key is still running.
        Invalid: the key was used with another body.
    """
    with work:
        if not work.kept_answers.claim(seal.id):
            raise InFlight(
                "A request with this Idempotency-Key is still running; retry later.",
                retry_after_seconds=RETRY_SECONDS,
            )
        kept = work.kept_answers.find(seal.id)
        fingerprint = seal.fingerprint(body)
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise Invalid(
                    "This Idempotency-Key was used with another body.",
                    (Fault("/Idempotency-Key", "was used for another request"),),
                )
            return Answered(seal.open(kept.sealed), repeated=True)
        answer = act()
        work.kept_answers.keep(seal.id, StoredResponse(fingerprint, seal.close(answer)), KEPT_HOURS)
    return Answered(answer, repeated=False)
