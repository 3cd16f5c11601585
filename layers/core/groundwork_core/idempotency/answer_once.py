"""Answer a request that carries an Idempotency-Key: once with an effect, then from memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundwork_core.errors import Fault, InFlight, Invalid
from groundwork_core.idempotency.ports import IdempotencyWork, KeptAnswer, Seal

KEPT_HOURS = 24
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, as bytes that only the runtime layer understands."""

    answer: bytes
    repeated: bool
    """It was given before; nothing happened this time."""


def answer_once(
    body: bytes, act: Callable[[], bytes], *, seal: Seal, work: IdempotencyWork
) -> Answered:
    """Return the kept answer, or act and keep what it answers.

    The claim, the effect and the answer are one transaction: after a crash there is either all of
    it or nothing. What `act` raises undoes it, and is not kept.

    Args:
        body: what was asked; the same key with another body is a mistake.
        act: has the effect, in parts of this transaction, and returns the answer.
        seal: made of the key; what is kept can only be read with it.
        work: the unit of work that all of it shares.

    Raises:
        InFlight: the first request with this key is still being worked on.
        Invalid: the key came with another body before.
    """
    with work:
        if not work.kept_answers.claim(seal.id):
            raise InFlight(
                "A request with this Idempotency-Key is being worked on.",
                retry_after_seconds=RETRY_SECONDS,
            )
        kept = work.kept_answers.find(seal.id)
        fingerprint = seal.fingerprint(body)
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise Invalid(
                    "This Idempotency-Key came with another body before.",
                    (Fault("/Idempotency-Key", "was used for another request"),),
                )
            return Answered(seal.open(kept.sealed), repeated=True)
        answer = act()
        work.kept_answers.keep(seal.id, KeptAnswer(fingerprint, seal.close(answer)), KEPT_HOURS)
    return Answered(answer, repeated=False)
