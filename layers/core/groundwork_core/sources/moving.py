"""When a redirect is remembered as a source's new address. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SAME_DAYS = 7
"""How long a permanent redirect must have been the same."""
GONE = (404, 410)
FAILURES_TO_FORGET = 5
"""Consecutive failures of the new address before the user's own is asked again."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a source is asked, besides the address that its user gave."""

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
    """Return where to ask a source after a poll.

    A permanent redirect (301, 308) is remembered when it has been the same for a week, at once when
    only the scheme became https, and when the old address then answers 404 or 410. A remembered
    address that is gone, or fails several times, is forgotten.

    Args:
        before: what was known.
        url: the address that was asked.
        target: where permanent redirects led to, if they led to an answer; None: there were none.
        http_status: of the last answer.
        failures: consecutive failures, this poll included.
        now: aware, UTC.
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
