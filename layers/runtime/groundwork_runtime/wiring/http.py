"""Parts for HTTP: authentication, the rate limit, resources and their list cursors."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.rate_limits.limiter import RateLimiter
    from groundwork_core.resources.cursors import Cursors
    from groundwork_core.resources.ports import ResourceStore
    from groundwork_runtime.http.authentication import Authenticator


class HttpParts(BaseParts):
    """Parts for HTTP: authentication, the rate limit, resources and their list cursors."""

    @cached_property
    def resources(self) -> ResourceStore:
        """Rows of any resource; each statement is a transaction of its own."""
        from groundwork_data.postgres.resources import PostgresResources

        database = self.database
        return PostgresResources(
            database.texts,
            database.write_change,
            lambda: database.actor,
            search=database.texts_planned,
        )

    @cached_property
    def cursors(self) -> Cursors:
        """Signs list cursors with a key that all environments of a database share."""
        from groundwork_core.resources.cursors import Cursors

        _, _, secret = self.settings.database_url.rpartition("@")[0].rpartition(":")
        return Cursors(sha256(b"groundwork list cursors\n" + secret.encode()).digest())

    @cached_property
    def authenticator(self) -> Authenticator:
        """Authenticates callers; caches their rights for seconds."""
        from groundwork_data.postgres.callers import PostgresCallers
        from groundwork_runtime.http.authentication import Authenticator

        return Authenticator(
            PostgresCallers(self.database), issuer=self.settings.token_issuer, clock=self.clock
        )

    @cached_property
    def limiter(self) -> RateLimiter | None:
        """The rate limit per principal, or None."""
        if not self.settings.rate_limit:
            return None
        from groundwork_core.rate_limits.limiter import RateLimiter
        from groundwork_data.postgres.rate_buckets import PostgresTokenBuckets

        return RateLimiter(PostgresTokenBuckets(self.database), self.settings.rate_limit)
