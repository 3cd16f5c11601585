"""The composition root: the only place that knows which adapter serves which port.

Built at the first event of an environment, never at import; every part is made when first asked.
"""

from __future__ import annotations

import os
from functools import cache, cached_property
from hashlib import sha256
from random import SystemRandom
from typing import TYPE_CHECKING

from groundwork_core.clock import Clock, SystemClock
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime import logs
from groundwork_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groundwork_core.documents.ports import MakeHarmless, RegistrableHost
    from groundwork_core.identity.ports import PasswordHasher, SecretSource, TokenSigner
    from groundwork_core.knowledge.graph.model import Shown
    from groundwork_core.knowledge.graph.ports import (
        Catalogue,
        Catchup,
        GraphProjection,
        GraphReader,
        HubLists,
        HubPaths,
        Neighbourhoods,
    )
    from groundwork_core.knowledge.graph.rounds import Comparison, Rounds
    from groundwork_core.knowledge.hand_in import HandIn
    from groundwork_core.limits.limiter import RateLimiter
    from groundwork_core.outbox import Nudge
    from groundwork_core.publishing.ports import EngagementSums
    from groundwork_core.queues import Queue
    from groundwork_core.realtime.ports import Sockets
    from groundwork_core.resources.cursors import Cursors
    from groundwork_core.resources.ports import ResourceStore
    from groundwork_core.sources.fetch_sources import FetchSources
    from groundwork_core.sources.schedule import NextCron
    from groundwork_core.web.reaching import Allowed
    from groundwork_data.graph.driver import GraphDatabase
    from groundwork_data.postgres.identity import PostgresProfiles
    from groundwork_data.postgres.prepared import TextRow
    from groundwork_runtime.http.authentication import Callers


class Wiring:
    """All parts of one execution environment."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Take validated settings; a test may bring its own clock."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self._queues: dict[str, Queue] = {}

    @cached_property
    def database(self) -> Database:
        """The held connection to Postgres."""
        return self.new_database()

    def new_database(self) -> Database:
        """Make a further connection, for a thread of its own."""
        return Database(
            self.settings.database_url,
            application_name=self.settings.function,
            prepare_threshold=5 if self.settings.database_prepare else None,
        )

    def work(self) -> PostgresUnitOfWork:
        """Begin a unit of work: `with wiring().work() as work: …`."""
        return PostgresUnitOfWork(self.database, self.nudge)

    @cached_property
    def resources(self) -> ResourceStore:
        """Rows of any resource; each statement commits by itself."""
        from groundwork_data.postgres.resources import PostgresResources  # noqa: PLC0415 - rest only

        database = self.database
        return PostgresResources(
            database.texts,
            self._write_and_nudge,
            lambda: database.actor,
            search=database.texts_planned,
        )

    def _write_and_nudge(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        rows = self.database.write_texts(sql, parameters)
        if rows:
            self.database.standing_holds()
            self.database.after_commit(self.nudge)
        return rows

    @cached_property
    def cursors(self) -> Cursors:
        """Signs the cursors of lists, with a key that every environment of a database shares."""
        from groundwork_core.resources.cursors import Cursors  # noqa: PLC0415 - rest only

        _, _, secret = self.settings.database_url.rpartition("@")[0].rpartition(":")
        return Cursors(sha256(b"groundwork list cursors\n" + secret.encode()).digest())

    @cached_property
    def next_cron(self) -> NextCron:
        """Reads cron expressions."""
        from groundwork_data.cron import next_cron  # noqa: PLC0415 - its users only

        return next_cron

    @cached_property
    def harmless(self) -> MakeHarmless:
        """Cleans HTML of strangers."""
        from groundwork_data.web.entries import harmless  # noqa: PLC0415 - its users only

        return harmless

    @cached_property
    def engagement_sums(self) -> EngagementSums:
        """What a content's engagements come to."""
        from groundwork_data.postgres.engagements import PostgresEngagementSums  # noqa: PLC0415 - its users only

        return PostgresEngagementSums(self.database)

    @cached_property
    def callers(self) -> Callers:
        """Verified tokens and what their users may do, remembered for seconds."""
        from groundwork_data.postgres.callers import PostgresCallers  # noqa: PLC0415 - HTTP only
        from groundwork_runtime.http.authentication import Callers  # noqa: PLC0415 - HTTP only

        return Callers(
            PostgresCallers(self.database), issuer=self.settings.token_issuer, clock=self.clock
        )

    @cached_property
    def limiter(self) -> RateLimiter | None:
        """The rate limit per principal; None: there is none."""
        if not self.settings.rate_limit:
            return None
        from groundwork_core.limits.limiter import RateLimiter  # noqa: PLC0415 - HTTP only
        from groundwork_data.postgres.rate_buckets import PostgresTokenBuckets  # noqa: PLC0415 - HTTP only

        return RateLimiter(PostgresTokenBuckets(self.database), self.settings.rate_limit)

    @cached_property
    def password_hasher(self) -> PasswordHasher:
        """Argon2id."""
        from groundwork_data.identity.passwords import Argon2Hasher  # noqa: PLC0415 - identity only

        return Argon2Hasher()

    @cached_property
    def token_signer(self) -> TokenSigner:
        """Signs access tokens; the key is read at the first one."""
        from groundwork_data.identity.access_tokens import (  # noqa: PLC0415 - identity only
            SecretKeySigner,
        )

        settings = self.settings
        return SecretKeySigner(
            self.secrets, settings.signing_key_secret_id, settings.token_issuer, self.database
        )

    @cached_property
    def profiles(self) -> PostgresProfiles:
        """What identity answers straight from rows."""
        from groundwork_data.postgres.identity import PostgresProfiles  # noqa: PLC0415 - identity only

        return PostgresProfiles(self.database)

    @cached_property
    def secrets(self) -> SecretSource:
        """The safe: a file's, or AWS', read without boto3 where credentials are in variables."""
        from groundwork_data.identity.secret_files import SCHEME, SecretFiles  # noqa: PLC0415 - identity only

        if self.settings.signing_key_secret_id.startswith(SCHEME):
            return SecretFiles()
        from groundwork_data.aws.secret_reader import SecretReader  # noqa: PLC0415 - identity only
        from groundwork_data.aws.signed_request import Credentials  # noqa: PLC0415 - identity only

        region, endpoint = self.settings.region, self.settings.aws_endpoint_url
        credentials = Credentials.from_environment(os.environ)
        if credentials is not None:
            return SecretReader(endpoint, region, credentials)
        from groundwork_data.aws import clients  # noqa: PLC0415 - identity only
        from groundwork_data.aws.secrets import SecretsManager  # noqa: PLC0415 - identity only

        return SecretsManager(lambda: clients.secrets_manager(region, endpoint))

    @cached_property
    def sockets(self) -> Sockets:
        """Open WebSockets: our host's in one call, or API Gateway's."""
        from groundwork_data.aws import clients  # noqa: PLC0415 - posters only
        from groundwork_data.aws.sockets import (  # noqa: PLC0415 - posters only
            ApiGatewaySockets,
            HostSockets,
        )

        settings = self.settings
        if settings.websocket_batch_url:
            return HostSockets(
                settings.websocket_batch_url, settings.websocket_endpoint, settings.host_token
            )
        return ApiGatewaySockets(
            lambda: clients.websocket_management(settings.region, settings.websocket_endpoint)
        )

    @cached_property
    def allowed(self) -> Allowed:
        """What may be reached although it is not public."""
        from groundwork_core.web.reaching import Allowed  # noqa: PLC0415 - its users only

        return Allowed.parse(self.settings.fetch_allow)

    @cached_property
    def fetch_sources(self) -> FetchSources:
        """Fetches due sources and takes their documents in."""
        from groundwork_core.sources.fetch_sources import FetchSources  # noqa: PLC0415 - fetch only
        from groundwork_data.web.feeds import read_feed  # noqa: PLC0415 - fetch only
        from groundwork_data.web.fetcher import SafeFetcher  # noqa: PLC0415 - fetch only

        return FetchSources(
            fetch=SafeFetcher(self.allowed),
            read=read_feed,
            work=self.work,
            clock=self.clock,
            random=SystemRandom(),
            next_cron=self.next_cron,
        )

    @cached_property
    def hand_in(self) -> HandIn:
        """Takes in what workers hand in."""
        from groundwork_core.knowledge.hand_in import HandIn  # noqa: PLC0415 - its users only

        return HandIn(work=self.work, clock=self.clock)

    @cached_property
    def nudge(self) -> Nudge:
        """What wakes the relay after a commit; nothing where no queue leads to it."""
        if not self.settings.relay_queue_url:
            return lambda: None
        from groundwork_data.postgres.relay_lease import (  # noqa: PLC0415 - writers only
            AwakeUntil,
            PostgresRelayLease,
        )
        from groundwork_runtime.nudging import QueueNudge  # noqa: PLC0415 - writers only

        return QueueNudge(AwakeUntil(PostgresRelayLease(self.database)), self._relay_queue)

    def _relay_queue(self) -> Queue:
        """Return the relay's queue; without boto3 where the environment has the credentials."""
        from groundwork_data.aws.nudge_queue import NudgeQueue  # noqa: PLC0415 - writers only
        from groundwork_data.aws.signed_request import Credentials  # noqa: PLC0415 - writers only

        url, credentials = self.settings.relay_queue_url, Credentials.from_environment(os.environ)
        if credentials is None:
            return self.queue(url)
        return NudgeQueue(url, self.settings.region, credentials)

    @cached_property
    def graph(self) -> GraphDatabase:
        """The driver to Neo4j; safe between threads."""
        from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - graph only

        settings = self.settings
        return GraphDatabase(
            settings.neo4j_uri,
            settings.neo4j_user,
            settings.neo4j_password,
            application_name=settings.function,
        )

    def warm_graph(self, seconds: float) -> None:
        """Have the graph plan the usual queries, for so long at most."""
        from groundwork_data.graph.warming import warm  # noqa: PLC0415 - check only

        warm(self.graph, seconds)

    @cached_property
    def registrable_host(self) -> RegistrableHost:
        """Return what finds the registrable part of a web address's host."""
        from groundwork_data.web.hosts import registrable_host  # noqa: PLC0415 - extractor only

        return registrable_host

    @cached_property
    def graph_projection(self) -> GraphProjection:
        """What keeps the graph equal to Postgres."""
        from groundwork_data.graph.projection import Neo4jProjection  # noqa: PLC0415 - relay only

        return Neo4jProjection(self.graph)

    @cached_property
    def graph_comparison(self) -> Comparison:
        """What compares the graph with Postgres."""
        from groundwork_data.graph.comparison import SliceComparison  # noqa: PLC0415 - check only

        return SliceComparison(self.database, self.graph)

    @cached_property
    def graph_rounds(self) -> Rounds:
        """How far the comparison is, and what it found."""
        from groundwork_data.postgres.graph_rounds import PostgresGraphRounds  # noqa: PLC0415 - check only

        return PostgresGraphRounds(self.database)

    def graph_reader(self, seconds_left: Callable[[], float], shown: Shown) -> GraphReader:
        """Make the reader for one request: its remaining time, and the fields it selects."""
        from groundwork_core.knowledge.graph.two_store_reader import TwoStoreReader  # noqa: PLC0415 - graph only
        from groundwork_data.graph.store import Neo4jStore  # noqa: PLC0415 - graph only

        store = Neo4jStore(self.graph, seconds_left, shown)
        return TwoStoreReader(store, *self._relationships, shown)

    @cached_property
    def _relationships(self) -> tuple[HubLists, HubPaths, Neighbourhoods]:
        """What reads relationships where the graph would read too many."""
        from groundwork_data.postgres.hub_lists import PostgresHubLists  # noqa: PLC0415 - graph only
        from groundwork_data.postgres.hub_paths import PostgresHubPaths  # noqa: PLC0415 - graph only
        from groundwork_data.postgres.neighbourhoods import PostgresNeighbourhoods  # noqa: PLC0415 - graph only

        database = self.database
        return (
            PostgresHubLists(database),
            PostgresHubPaths(database),
            PostgresNeighbourhoods(database),
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """What Postgres knows of the graph."""
        from groundwork_data.postgres.catalogue import PostgresCatalogue  # noqa: PLC0415 - graph only

        return PostgresCatalogue(self.database)

    @cached_property
    def catchup(self) -> Catchup:
        """What says how far the outbox's destinations are."""
        from groundwork_data.postgres.outbox import PostgresBacklogs  # noqa: PLC0415 - graph only

        return PostgresBacklogs(self.database)

    def queue(self, url: str) -> Queue:
        """Return the queue at a URL; its client is made at the first message."""
        if url not in self._queues:
            from groundwork_data.aws import clients  # noqa: PLC0415 - senders only
            from groundwork_data.aws.queues import SqsQueue  # noqa: PLC0415 - senders only

            region, endpoint = self.settings.region, self.settings.aws_endpoint_url
            self._queues[url] = SqsQueue(lambda: clients.sqs(region, endpoint), url)
        return self._queues[url]


@cache
def wiring() -> Wiring:
    """Return this environment's parts; reads the environment and configures logs the first time.

    Raises:
        BadSettings: the environment is not a valid configuration.
    """
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.function, settings.log_level)
    return Wiring(settings)
