"""Fetching sources, reading feeds, sanitizing HTML."""

from __future__ import annotations

from functools import cached_property, partial
from random import SystemRandom
from typing import TYPE_CHECKING

from groundwork_runtime import metrics
from groundwork_runtime.wiring.secrets import SecretParts

if TYPE_CHECKING:
    from groundwork_core.documents.ports import CleanHtmlOf, RegistrableHost
    from groundwork_core.duplicates.list_duplicates import ClusterOf
    from groundwork_core.duplicates.ports import DetectLanguage
    from groundwork_core.hosts.ports import HostOf
    from groundwork_core.sources.discover import Discovered
    from groundwork_core.sources.fetch_sources import FetchSources
    from groundwork_core.sources.ports import NextCron
    from groundwork_core.web.reachability import AllowedTargets


DISCOVERY_SECONDS = 8.0
DISCOVERY_BYTES = 5_000_000
"""Limits of one request of a discovery."""


class IngestionParts(SecretParts):
    """Fetching sources, reading feeds, sanitizing HTML."""

    @cached_property
    def next_cron(self) -> NextCron:
        """Returns the next time of a cron expression."""
        from groundwork_data.cron import next_cron

        return next_cron

    @cached_property
    def clean_html(self) -> CleanHtmlOf:
        """Sanitizes HTML."""
        from groundwork_data.web.entries import clean_html

        return clean_html

    @cached_property
    def allowed(self) -> AllowedTargets:
        """Addresses that may be fetched although they are not public."""
        from groundwork_core.web.reachability import AllowedTargets

        return AllowedTargets.parse(self.settings.fetch_allow)

    @cached_property
    def fetch_sources(self) -> FetchSources:
        """Fetches due sources and stores their documents."""
        from groundwork_core.sources.fetch_plans import FetchPlans
        from groundwork_core.sources.fetch_sources import FetchSources
        from groundwork_data.web.feeds import read_feed
        from groundwork_data.web.kinds.readers import reader_of
        from groundwork_data.web.polite import PoliteFetcher

        return FetchSources(
            fetch=PoliteFetcher(self.allowed, user_agent=self.settings.fetch_user_agent),
            read=read_feed,
            work=self.work,
            clock=self.database_clock,
            random=SystemRandom(),
            next_cron=self.next_cron,
            plans=partial(FetchPlans, encryption=self.encryption, reader_of=reader_of),
            host_of=self.host_of,
            changed=lambda status: metrics.emit("SourceStatusChanged", 1, status=status),
            lagged=lambda seconds: metrics.emit("poll_lag_seconds", seconds, "Seconds"),
        )

    @cached_property
    def host_of(self) -> HostOf:
        """Returns the host whose pauses and limits apply to a URL."""
        from groundwork_data.web.hosts import host_of

        return host_of

    @cached_property
    def registrable_host(self) -> RegistrableHost:
        """Returns the registrable domain of a URL."""
        from groundwork_data.web.hosts import registrable_host

        return registrable_host

    def discover(self, url: str) -> Discovered:
        """Return the sources that an address offers.

        Raises Invalid if the address is not public.
        """
        from groundwork_core.sources.discover import discover
        from groundwork_data.web.discovery import look
        from groundwork_data.web.fetcher import SafeFetcher

        fetcher = SafeFetcher(
            self.allowed, total_seconds=DISCOVERY_SECONDS, max_bytes=DISCOVERY_BYTES
        )
        return discover(url, ask=fetcher.ask, look=look, allowed=self.allowed)

    @cached_property
    def detect_language(self) -> DetectLanguage:
        """Detects the language of a text; the model is loaded at the first use."""
        from groundwork_data.languages import detect_language

        return detect_language

    @cached_property
    def cluster_of(self) -> ClusterOf:
        """Returns the near-duplicates of a document."""
        from groundwork_data.postgres.marks import PostgresClusters

        return PostgresClusters(self.database)

    def keep_subscribed(self) -> int:
        """Request and renew subscriptions of hubs; do nothing without a public URL.

        Return how many.
        """
        from groundwork_core.push.keep_subscribed import keep_subscribed
        from groundwork_core.web.address import BadAddress, normal, refuse_private
        from groundwork_data.web.hub_client import HubClient

        public_url = self.settings.public_url
        try:
            refuse_private(normal(public_url), self.allowed)
        except BadAddress:
            return 0
        return keep_subscribed(
            work=self.work,
            clock=self.database_clock,
            ask=HubClient(self.allowed),
            encryption=self.encryption,
            public_url=public_url,
        )
