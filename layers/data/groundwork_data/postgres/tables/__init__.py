"""The tables as SQLAlchemy models, for other teams and for checking migrations.

Functions run SQL through psycopg and never import this package, because importing SQLAlchemy costs
more than the rest of a cold start (docs/decisions/0003-sql-in-functions.md).
"""

from groundwork_data.postgres.tables.api_keys import ApiKey, ApiKeyUse
from groundwork_data.postgres.tables.audit import AuditEvent
from groundwork_data.postgres.tables.configuration import (
    Configuration,
    Preference,
    PreferenceSchema,
)
from groundwork_data.postgres.tables.documents import Document, DocumentRevision
from groundwork_data.postgres.tables.embeddings import Embedding, EmbeddingModel
from groundwork_data.postgres.tables.engagements import (
    Engagement,
    EngagementId,
    EngagementRetention,
    EngagementSum,
)
from groundwork_data.postgres.tables.epochs import Epoch
from groundwork_data.postgres.tables.graph_check import GraphCheck
from groundwork_data.postgres.tables.hosts import HostRow, RobotsRow
from groundwork_data.postgres.tables.identity import (
    LoginFailure,
    RefreshToken,
    Role,
    SigningKey,
    SocketTicket,
    User,
)
from groundwork_data.postgres.tables.jobs import Job, JobAttempt
from groundwork_data.postgres.tables.knowledge import Entity, Mention, Relationship, ResultPart
from groundwork_data.postgres.tables.marks import DocumentMark
from groundwork_data.postgres.tables.merged_entities import MergedEntity
from groundwork_data.postgres.tables.operations import ClockSlot, LastClockReading
from groundwork_data.postgres.tables.outbox import OutboxCursor, OutboxEntry, RelayLease
from groundwork_data.postgres.tables.polls import PollRow
from groundwork_data.postgres.tables.publishers import (
    DistributionHandover,
    Publisher,
    PublisherCallback,
    PublisherSecret,
)
from groundwork_data.postgres.tables.publishing import (
    Content,
    ContentVersion,
    Delivery,
    Distribution,
)
from groundwork_data.postgres.tables.push import PushSubscription
from groundwork_data.postgres.tables.realtime import SocketConnection
from groundwork_data.postgres.tables.requests import KeptAnswer, RateBucket
from groundwork_data.postgres.tables.row import Row
from groundwork_data.postgres.tables.schedules import (
    ExportThatRuns,
    RunOfSchedule,
    Schedule,
    ScheduleMoment,
)
from groundwork_data.postgres.tables.sources import Source, SourceCredentials, SourceState
from groundwork_data.postgres.tables.webhooks import (
    OutboxRetention,
    Webhook,
    WebhookAttempt,
    WebhookEndpointState,
    WebhookMessage,
    WebhookSecret,
)

__all__ = [
    "ApiKey",
    "ApiKeyUse",
    "AuditEvent",
    "ClockSlot",
    "Configuration",
    "Content",
    "ContentVersion",
    "Delivery",
    "Distribution",
    "DistributionHandover",
    "Document",
    "DocumentMark",
    "DocumentRevision",
    "Embedding",
    "EmbeddingModel",
    "Engagement",
    "EngagementId",
    "EngagementRetention",
    "EngagementSum",
    "Entity",
    "Epoch",
    "ExportThatRuns",
    "GraphCheck",
    "HostRow",
    "Job",
    "JobAttempt",
    "KeptAnswer",
    "LastClockReading",
    "LoginFailure",
    "Mention",
    "MergedEntity",
    "OutboxCursor",
    "OutboxEntry",
    "OutboxRetention",
    "PollRow",
    "Preference",
    "PreferenceSchema",
    "Publisher",
    "PublisherCallback",
    "PublisherSecret",
    "PushSubscription",
    "RateBucket",
    "RefreshToken",
    "Relationship",
    "RelayLease",
    "ResultPart",
    "RobotsRow",
    "Role",
    "Row",
    "RunOfSchedule",
    "Schedule",
    "ScheduleMoment",
    "SigningKey",
    "SocketConnection",
    "SocketTicket",
    "Source",
    "SourceCredentials",
    "SourceState",
    "User",
    "Webhook",
    "WebhookAttempt",
    "WebhookEndpointState",
    "WebhookMessage",
    "WebhookSecret",
]
