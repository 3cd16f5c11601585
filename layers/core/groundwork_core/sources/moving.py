"""Rules for using a redirect's target as a source's new address. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SAME_DAYS = 7
"""Period for which a permanent redirect must have been the same."""
GONE = (404, 410)
FAILURES_TO_FORGET = 5
"""Consecutive failures of the new address before the user's own is asked again."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Which address of a source is requested, if it is not the one that the user gave."""

    redirect_to: str | None = None
    """The target of the permanent redirect that is seen now."""
    redirect_since: datetime | None = None
    moved_to: str | None = None
    """The address that is asked instead of the user's."""


def after_poll(
    before: Whereabouts,
    *,
    url: str,
    target: str | None,
    http_status: int | None,
    failures: int,
    now: datetime,
) -> Whereabouts:
    """Return which address of a source to request after a poll.

    The target of a permanent redirect (301, 308) becomes the address after a week of the same
    redirect. It does so at once if only the scheme changes to https, or if the old address then
    responds with 404 or 410. The source returns to its own address if the target is gone or fails
    several times.

    Args:
        before: the addresses before this poll.
        url: the address that was requested.
        target: the address that permanent redirects led to, if it responded; None if there were
            none.
        http_status: the status of the last response.
        failures: consecutive failures, including this poll.
        now: the time of the poll, aware, UTC.
    """
    if target is not None and target != url and not failures:
        return _redirected(before, url, target, now)
    if http_status in GONE or failures >= FAILURES_TO_FORGET:
        if before.redirect_to is not None and http_status in GONE:
            return Whereabouts(moved_to=before.redirect_to)
        return Whereabouts() if before.moved_to is not None else before
    if failures:
        return before
    return Whereabouts(moved_to=before.moved_to)


def _redirected(before: Whereabouts, url: str, target: str, now: datetime) -> Whereabouts:
    if target == url.replace("http://", "https://", 1):
        return Whereabouts(moved_to=target)
    since = before.redirect_since if before.redirect_to == target else None
    if since is not None and now - since >= timedelta(days=SAME_DAYS):
        return Whereabouts(moved_to=target)
    return Whereabouts(target, since or now, before.moved_to)
