"""The stores of a unit of work on Postgres. Each module is imported at the store's first use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from groundwork_data.postgres.outbox import PostgresOutbox

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from groundwork_data.postgres.api_keys import PostgresApiKeys
    from groundwork_data.postgres.audit import PostgresAuditLog
    from groundwork_data.postgres.callbacks import PostgresCallbacks
    from groundwork_data.postgres.clock_readings import PostgresClockReadings
    from groundwork_data.postgres.confidences import PostgresConfidences
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.distributions import PostgresDistributions
    from groundwork_data.postgres.documents import PostgresDocuments
    from groundwork_data.postgres.embeddings import PostgresEmbeddings
    from groundwork_data.postgres.engagements import PostgresEngagements
    from groundwork_data.postgres.exports import PostgresExports
    from groundwork_data.postgres.held_permissions import PostgresAuthority
    from groundwork_data.postgres.hosts import PostgresHosts
    from groundwork_data.postgres.jobs import PostgresJobs
    from groundwork_data.postgres.kept_responses import PostgresKeptResponses
    from groundwork_data.postgres.knowledge import PostgresKnowledge
    from groundwork_data.postgres.leases import PostgresLeases
    from groundwork_data.postgres.listeners import PostgresListeners, PostgresNumberedOutbox
    from groundwork_data.postgres.login_failures import PostgresLoginFailures
    from groundwork_data.postgres.marks import PostgresMarks
    from groundwork_data.postgres.merging import PostgresMerging
    from groundwork_data.postgres.publisher_secrets import PostgresPublisherSecrets
    from groundwork_data.postgres.push import PostgresPush
    from groundwork_data.postgres.refresh_tokens import PostgresRefreshTokens
    from groundwork_data.postgres.resources import PostgresResources
    from groundwork_data.postgres.retention import PostgresRetention
    from groundwork_data.postgres.schedules import PostgresSchedules
    from groundwork_data.postgres.socket_tickets import PostgresTickets
    from groundwork_data.postgres.source_credentials import PostgresCredentials
    from groundwork_data.postgres.sources import PostgresSources
    from groundwork_data.postgres.survivors import PostgresSurvivors
    from groundwork_data.postgres.typed_connection import TypedConnection
    from groundwork_data.postgres.users import PostgresUsers
    from groundwork_data.postgres.webhooks import PostgresWebhooks


class PostgresStores(ABC):
    """All stores, on the connection of the running transaction."""

    _database: Database

    @property
    @abstractmethod
    def connection(self) -> Connection[TupleRow]:
        """The connection of the running transaction. Raises RuntimeError if none runs."""

    @abstractmethod
    def keep_plans(self) -> None:
        """Run the statements of this transaction by plans that are made once, and use indexes."""

    @property
    def _typed(self) -> TypedConnection:
        """The connection of the running transaction, for stores whose statements are frequent."""
        return self._database.typed_on(self.connection)

    @property
    def outbox(self) -> PostgresOutbox:
        """The outbox: changes and commands for the destinations."""
        return PostgresOutbox(self.connection)

    @property
    def sources(self) -> PostgresSources:
        """Sources and the state of polling them."""
        from groundwork_data.postgres.sources import PostgresSources

        return PostgresSources(self.connection)

    @property
    def credentials(self) -> PostgresCredentials:
        """The credentials of sources."""
        from groundwork_data.postgres.source_credentials import PostgresCredentials

        return PostgresCredentials(self.connection)

    @property
    def hosts(self) -> PostgresHosts:
        """Hosts of sources."""
        from groundwork_data.postgres.hosts import PostgresHosts

        return PostgresHosts(self.connection)

    @property
    def marks(self) -> PostgresMarks:
        """Marks of documents: hash, cluster and detected language."""
        from groundwork_data.postgres.marks import PostgresMarks

        return PostgresMarks(self.connection)

    @property
    def push(self) -> PostgresPush:
        """Subscriptions of sources at hubs."""
        from groundwork_data.postgres.push import PostgresPush

        return PostgresPush(self.connection)

    @property
    def clock_readings(self) -> PostgresClockReadings:
        """Readings of the database's clock."""
        from groundwork_data.postgres.clock_readings import PostgresClockReadings

        return PostgresClockReadings(self.connection)

    @property
    def schedules(self) -> PostgresSchedules:
        """Schedules and their runs."""
        from groundwork_data.postgres.schedules import PostgresSchedules

        return PostgresSchedules(self.connection)

    @property
    def exports(self) -> PostgresExports:
        """Exports that wait or run."""
        from groundwork_data.postgres.exports import PostgresExports

        return PostgresExports(self.connection)

    @property
    def documents(self) -> PostgresDocuments:
        """Documents and their revisions."""
        from groundwork_data.postgres.documents import PostgresDocuments

        return PostgresDocuments(self.connection)

    @property
    def leases(self) -> PostgresLeases:
        """Leases of jobs."""
        from groundwork_data.postgres.leases import PostgresLeases

        return PostgresLeases(self._typed)

    @property
    def jobs(self) -> PostgresJobs:
        """Jobs of the workers."""
        from groundwork_data.postgres.jobs import PostgresJobs

        return PostgresJobs(self._typed)

    @property
    def knowledge(self) -> PostgresKnowledge:
        """Entities, relationships and mentions: a few rows at a time, by large statements."""
        from groundwork_data.postgres.knowledge import PostgresKnowledge

        self.keep_plans()
        return PostgresKnowledge(self._typed)

    @property
    def confidences(self) -> PostgresConfidences:
        """Confidences of entities."""
        from groundwork_data.postgres.confidences import PostgresConfidences

        return PostgresConfidences(self._typed)

    @property
    def merging(self) -> PostgresMerging:
        """Merging and splitting of entities."""
        from groundwork_data.postgres.merging import PostgresMerging

        return PostgresMerging(self.connection)

    @property
    def survivors(self) -> PostgresSurvivors:
        """Survivors of merged entities."""
        from groundwork_data.postgres.survivors import PostgresSurvivors

        connection = self.connection
        return PostgresSurvivors(lambda sql, given: connection.execute(sql, given).fetchall())

    @property
    def embeddings(self) -> PostgresEmbeddings:
        """Embeddings and their models."""
        from groundwork_data.postgres.embeddings import PostgresEmbeddings

        return PostgresEmbeddings(self.connection)

    @property
    def engagements(self) -> PostgresEngagements:
        """Engagements with distributions."""
        from groundwork_data.postgres.engagements import PostgresEngagements

        return PostgresEngagements(self.connection)

    @property
    def callbacks(self) -> PostgresCallbacks:
        """The callbacks of publishers."""
        from groundwork_data.postgres.callbacks import PostgresCallbacks

        self.keep_plans()
        return PostgresCallbacks(self._typed)

    @property
    def publisher_secrets(self) -> PostgresPublisherSecrets:
        """The secrets of publishers."""
        from groundwork_data.postgres.publisher_secrets import PostgresPublisherSecrets

        return PostgresPublisherSecrets(self.connection)

    @property
    def distributions(self) -> PostgresDistributions:
        """Distributions that are due or being sent."""
        from groundwork_data.postgres.distributions import PostgresDistributions

        return PostgresDistributions(self.connection)

    @property
    def webhooks(self) -> PostgresWebhooks:
        """The messages and endpoints of webhooks."""
        from groundwork_data.postgres.webhooks import PostgresWebhooks

        return PostgresWebhooks(self.connection)

    @property
    def retention(self) -> PostgresRetention:
        """Deletion of expired rows."""
        from groundwork_data.postgres.retention import (
            PostgresRetention,
        )

        return PostgresRetention(self.connection)

    @property
    def audit(self) -> PostgresAuditLog:
        """The audit log, for events that its triggers cannot see."""
        from groundwork_data.postgres.audit import PostgresAuditLog

        return PostgresAuditLog(self.connection)

    @property
    def kept_responses(self) -> PostgresKeptResponses:
        """Stored responses to requests with an Idempotency-Key."""
        from groundwork_data.postgres.kept_responses import PostgresKeptResponses

        return PostgresKeptResponses(self.connection)

    @property
    def users(self) -> PostgresUsers:
        """Accounts."""
        from groundwork_data.postgres.users import PostgresUsers

        return PostgresUsers(self.connection)

    @property
    def authority(self) -> PostgresAuthority:
        """Permissions of accounts and roles."""
        from groundwork_data.postgres.held_permissions import PostgresAuthority

        return PostgresAuthority(self.connection)

    @property
    def api_keys(self) -> PostgresApiKeys:
        """API keys."""
        from groundwork_data.postgres.api_keys import PostgresApiKeys

        return PostgresApiKeys(self.connection)

    @property
    def refresh_tokens(self) -> PostgresRefreshTokens:
        """Refresh tokens."""
        from groundwork_data.postgres.refresh_tokens import PostgresRefreshTokens

        return PostgresRefreshTokens(self.connection)

    @property
    def login_failures(self) -> PostgresLoginFailures:
        """Counts of failed logins."""
        from groundwork_data.postgres.login_failures import PostgresLoginFailures

        return PostgresLoginFailures(self.connection)

    @property
    def tickets(self) -> PostgresTickets:
        """Tickets that open WebSockets."""
        from groundwork_data.postgres.socket_tickets import PostgresTickets

        return PostgresTickets(self.connection)

    @property
    def listeners(self) -> PostgresListeners:
        """Open sockets and their topics."""
        from groundwork_data.postgres.listeners import PostgresListeners

        return PostgresListeners(self.connection)

    @property
    def numbered_outbox(self) -> PostgresNumberedOutbox:
        """Outbox rows in the order of their seq."""
        from groundwork_data.postgres.listeners import PostgresNumberedOutbox

        return PostgresNumberedOutbox(self.connection)

    @property
    def resources(self) -> PostgresResources:
        """Rows of any resource."""
        from groundwork_data.postgres.resources import PostgresResources

        # On this connection: a new one would write outside the transaction.
        run = self._database.prepared_on(self.connection).run
        return PostgresResources(run, run)
