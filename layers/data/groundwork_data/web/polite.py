"""Fetch sources that robots.txt allows."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from groundwork_core.hosts.robots import READ_BYTES, robots_from
from groundwork_core.sources.credentials import origin_of
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    FetchRequest,
    Transfer,
)
from groundwork_core.web.address import BadAddress, normal
from groundwork_data.web.fetcher import SafeFetcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from groundwork_core.sources.robots_known import KnownRobots, RobotsRule
    from groundwork_core.web.reachability import Address, AllowedTargets

ROBOTS_SECONDS = 10.0
PAUSE_MAX_SECONDS = 5.0
"""Between robots.txt and the source; longer pauses are kept between polls."""
AGENT = "Groundwork"
"""The name that robots.txt may have rules for."""
_NO_HOST = (
    Failure.BAD_URL,
    Failure.DNS,
    Failure.BLOCKED_ADDRESS,
    Failure.REFUSED,
    Failure.UNREACHABLE,
    Failure.TLS,
)
"""The source would fail in the same way, and says so."""


class PoliteFetcher(SafeFetcher):
    """Implements `Fetcher`: fetches robots.txt first if it is not known."""

    def __init__(
        self,
        allowed: AllowedTargets,
        *,
        user_agent: str,
        resolver: Callable[[str, int, float], list[Address]] | None = None,
    ) -> None:
        """The parameters are those of `SafeFetcher`."""
        more = {} if resolver is None else {"resolver": resolver}
        super().__init__(allowed, user_agent=user_agent, **more)  # type: ignore[arg-type]
        self._robots = SafeFetcher(
            allowed,
            user_agent=user_agent,
            total_seconds=ROBOTS_SECONDS,
            max_bytes=READ_BYTES,
            cuts=True,
            **more,
        )

    def _ask_all(self, ask: FetchRequest) -> Download:
        if ask.robots is None:
            return super()._ask_all(ask)
        try:
            return self._obey(ask, ask.robots)
        except BadAddress:
            return super()._ask_all(ask)  # says what is wrong with it

    def _obey(self, ask: FetchRequest, rule: RobotsRule) -> Download:
        known, cost = rule.known, 0
        if known is None or known.expires_at <= rule.now:
            if ask.wait_seconds > 0:
                time.sleep(ask.wait_seconds)
            response = self._fetch_robots(ask)
            if isinstance(response, Failed) and response.failure in _NO_HOST:
                return response
            known, cost = self._read(ask, response, rule.now), response.transfer.requests
            ask = replace(ask, wait_seconds=min(rule.pause_seconds, PAUSE_MAX_SECONDS))
            fetched = known
        else:
            fetched = None
        refusal = _refusal(known, ask)
        outcome = refusal or super()._ask_all(ask)
        transfer = outcome.transfer
        requests = transfer.requests + cost
        return replace(outcome, transfer=replace(transfer, requests=requests, robots=fetched))

    def _fetch_robots(self, ask: FetchRequest) -> Download:
        return self._robots.ask(FetchRequest(f"{origin_of(normal(ask.url))}/robots.txt"))

    def _read(self, ask: FetchRequest, response: Download, now: datetime) -> KnownRobots:
        from groundwork_data.web.robots_text import crawl_delay

        known = robots_from(origin_of(normal(ask.url)), response, now)
        return replace(known, crawl_delay_seconds=crawl_delay(known.body, AGENT))


def _refusal(known: KnownRobots, ask: FetchRequest) -> Failed | None:
    """Return the failure of a URL that robots.txt refuses; None if it may be fetched."""
    nothing = Transfer(None, 0, 0, ask.onward.requests if ask.onward else 0)
    if known.status == "none":
        return None
    if known.status == "unreachable":
        message = "The host's robots.txt cannot be read, so nothing is fetched for a while."
        return Failed(Failure.ROBOTS_UNREACHABLE, message, transfer=nothing)
    from groundwork_data.web.robots_text import allows

    if allows(known.body, ask.url, AGENT):
        return None
    message = "The host's robots.txt does not allow it. See obey_robots of the host."
    return Failed(Failure.ROBOTS, message, transfer=nothing)
