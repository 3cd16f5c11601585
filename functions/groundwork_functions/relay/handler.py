"""The relay's entry: called by a nudge (SQS) or by the sweep (schedule), it does the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from groundwork_runtime.relay.destinations import destinations
from groundwork_runtime.relay.run import run
from groundwork_runtime.wiring import wiring


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this run may still last."""
        ...


def handler(event: Mapping[str, object], context: Context) -> dict[str, list[object]]:  # noqa: ARG001 - what a nudge says does not matter
    """Carry the outbox to its destinations until nothing is left."""
    parts = wiring()
    run(parts, destinations(parts), lambda: context.get_remaining_time_in_millis() / 1000)
    return {"batchItemFailures": []}
