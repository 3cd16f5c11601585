"""Run a request with an Idempotency-Key once; repetitions get the stored response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundwork_core.errors import Fault, InFlight, Invalid
from groundwork_core.idempotency.ports import IdempotencyWork, Seal, StoredResponse

KEPT_HOURS = 24
RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ServedResponse:
    """A response, as bytes that only the runtime layer can read."""

    response: bytes
    repeated: bool
    """True if it is the stored response of an earlier request."""


def respond_once(
    body: bytes, act: Callable[[], bytes], *, seal: Seal, work: IdempotencyWork
) -> ServedResponse:
    """Return the stored response, or run the request and store its response.

    The claim, the effect and the response are one transaction, so a crash leaves either all of them
    or none. An error of `act` rolls back and is not stored.

    Args:
        body: the request's body; the same key with another body is refused.
        act: runs the request in this transaction and returns the response.
        seal: derived from the key; it encrypts the stored response.
        work: the shared unit of work.

    Raises:
        InFlight: the first request with this key is still running.
        Invalid: the key was used with another body.
    """
    with work:
        if not work.kept_responses.claim(seal.id):
            raise InFlight(
                "A request with this Idempotency-Key is still running; retry later.",
                retry_after_seconds=RETRY_SECONDS,
            )
        kept = work.kept_responses.find(seal.id)
        fingerprint = seal.fingerprint(body)
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise Invalid(
                    "This Idempotency-Key was used with another body.",
                    (Fault("/Idempotency-Key", "was used for another request"),),
                )
            return ServedResponse(seal.open(kept.sealed), repeated=True)
        response = act()
        work.kept_responses.keep(
            seal.id, StoredResponse(fingerprint, seal.close(response)), KEPT_HOURS
        )
    return ServedResponse(response, repeated=False)
