"""The status of a source after a poll. A database trigger writes a change to the outbox."""

from __future__ import annotations

from groundwork_core.sources.fetch_outcome import Failed, Failure, Unchanged
from groundwork_core.sources.moving import Whereabouts

THROTTLED = (429, 503)
FORBIDDEN = 403
GONE = 410


def status_after(outcome: object, http_status: int | None, *, moved: bool) -> str:
    """Return the status of a source after a poll.

    Args:
        outcome: a feed that was read, `Unchanged`, or `Failed`.
        http_status: the status of the last response.
        moved: whether a permanent redirect led to the response, or a new address is used from
            now on.
    """
    if moved:
        return "moved"
    if isinstance(outcome, Unchanged):
        return "unchanged"
    if not isinstance(outcome, Failed):
        return "ok"
    if outcome.failure in (Failure.CHALLENGE, Failure.ROBOTS) or http_status == FORBIDDEN:
        return "blocked"
    if http_status in THROTTLED:
        return "throttled"
    return "gone" if http_status == GONE else "failing"


def is_moved(before: Whereabouts, after: Whereabouts) -> bool:
    """Return whether this poll followed a permanent redirect, or adopted its target."""
    return after.redirect_to is not None or after.moved_to not in (None, before.moved_to)
