"""Fetching sources, reading feeds, cleaning HTML."""

from __future__ import annotations

from functools import cached_property
from random import SystemRandom
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.documents.ports import CleanHtmlOf, RegistrableHost
    from groundwork_core.sources.fetch_sources import FetchSources
    from groundwork_core.sources.ports import NextCron
    from groundwork_core.web.reachability import AllowedTargets


class IngestionParts(BaseParts):
    """Fetching sources, reading feeds, cleaning HTML."""

    @cached_property
    def next_cron(self) -> NextCron:
        """Reads cron expressions."""
        from groundwork_data.cron import next_cron

        return next_cron

    @cached_property
    def harmless(self) -> CleanHtmlOf:
        """Cleans HTML of strangers."""
        from groundwork_data.web.entries import harmless

        return harmless

    @cached_property
    def allowed(self) -> AllowedTargets:
        """What may be reached although it is not public."""
        from groundwork_core.web.reachability import AllowedTargets

        return AllowedTargets.parse(self.settings.fetch_allow)

    @cached_property
    def fetch_sources(self) -> FetchSources:
        """Fetches due sources and takes their documents in."""
        from groundwork_core.sources.fetch_sources import FetchSources
        from groundwork_data.web.feeds import read_feed
        from groundwork_data.web.fetcher import SafeFetcher

        return FetchSources(
            fetch=SafeFetcher(self.allowed),
            read=read_feed,
            work=self.work,
            clock=self.clock,
            random=SystemRandom(),
            next_cron=self.next_cron,
        )

    @cached_property
    def registrable_host(self) -> RegistrableHost:
        """Return what finds the registrable part of a web address's host."""
        from groundwork_data.web.hosts import registrable_host

        return registrable_host
