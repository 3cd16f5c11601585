"""The results function: what workers hand in becomes knowledge."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork_core.knowledge.hand_in import HandedIn
from groundwork_runtime.queues import BatchResponse, bodies, take
from groundwork_runtime.wiring import wiring


def handler(event: Mapping[str, object], context: object) -> BatchResponse:  # noqa: ARG001 - Lambda's
    """Apply a batch of results; one that breaks the contract fails its job and is done with."""
    return take(event, HandedIn, bodies(wiring().hand_in))
