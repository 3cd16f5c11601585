"""Settings of the functions, from environment variables; validated before the first event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from groundwork_core.publishing.keep_engagements import ENGAGEMENT_MONTHS
from groundwork_core.retention.remove_expired import EXPORT_DAYS, JOB_ATTEMPT_DAYS
from groundwork_runtime.setting_faults import faults_in_words, unsafe_outside_local

REQUESTS_PER_SECOND = 500
"""Default rate limit of each principal."""
SWEEP_AFTER_SECONDS = 120
"""Default time that announced work may wait before the sweep announces it again."""
GRAPH_CHECK_SECONDS = 2.0
"""Default time of each minute for comparing the graph with Postgres."""


class BadSettings(Exception):
    """Raised if the environment is not a valid configuration; the message says what to set."""

    says_no_values = True

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        """Keep the message and its faults; each fault starts with the name of its variable."""
        super().__init__(message)
        self.faults = tuple(faults) or (message,)


class Settings(BaseModel):
    """Settings of the functions; each gets only the variables that template.yaml gives it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    stage: Literal["local", "dev", "staging", "prod"] = Field(
        "local", alias="GROUNDWORK_ENV", description="Stage."
    )
    function: str = Field(
        "groundwork",
        alias="AWS_LAMBDA_FUNCTION_NAME",
        description="Name of the function, set by Lambda and by the host; used in logs.",
    )
    database_url: str = Field("", alias="DATABASE_URL", description="PostgreSQL to use.")
    database_secret_id: str = Field(
        "",
        alias="DATABASE_SECRET_ID",
        description="Secret with `username` and `password` for DATABASE_URL, or with a whole "
        "`url`; read at the first connection and again after a refused one.",
    )
    database_prepare: bool = Field(
        default=True,
        alias="GROUNDWORK_DATABASE_PREPARE",
        description="Whether to use prepared statements; `false` with a pooler that does not "
        "support them.",
    )
    neo4j_uri: str = Field("", alias="NEO4J_URI", description="Neo4j to use.")
    neo4j_user: str = Field("neo4j", alias="NEO4J_USER", description="User name for Neo4j.")
    neo4j_password: str = Field(
        "", alias="NEO4J_PASSWORD", repr=False, description="Password for Neo4j."
    )
    neo4j_secret_id: str = Field(
        "",
        alias="NEO4J_SECRET_ID",
        description="Secret with the `password` for Neo4j, and perhaps a `username`; used instead "
        "of NEO4J_PASSWORD.",
    )
    aws_endpoint_url: str | None = Field(
        None, alias="AWS_ENDPOINT_URL", description="Endpoint of AWS services. Empty: AWS."
    )
    s3_endpoint_url: str | None = Field(
        None, alias="AWS_ENDPOINT_URL_S3", description="Endpoint of S3. Empty: AWS_ENDPOINT_URL."
    )
    region: str = Field("eu-central-1", alias="AWS_REGION", description="AWS region.")
    relay_queue_url: str = Field(
        "", alias="RELAY_QUEUE_URL", description="URL of the queue that nudges the relay."
    )
    fetch_queue_url: str = Field(
        "", alias="FETCH_QUEUE_URL", description="URL of the queue of due polls."
    )
    distribution_queue_url: str = Field(
        "", alias="DISTRIBUTION_QUEUE_URL", description="URL of the queue of distributions."
    )
    webhook_queue_url: str = Field(
        "",
        alias="WEBHOOK_QUEUE_URL",
        description="URL of the queue that wakes senders of webhooks. Empty: only the sweep does.",
    )
    public_url: str = Field(
        "",
        alias="GROUNDWORK_PUBLIC_URL",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="Address of this instance in messages to publishers, such as "
        "`https://groundwork.example.org`. Empty: messages have paths.",
    )
    extract_queue_url: str = Field(
        "", alias="EXTRACT_QUEUE_URL", description="URL of the queue of extraction jobs."
    )
    results_queue_url: str = Field(
        "", alias="RESULTS_QUEUE_URL", description="URL of the queue of extraction results."
    )
    job_timer_queue_url: str = Field(
        "", alias="JOB_TIMER_QUEUE_URL", description="URL of the queue of timers of jobs."
    )
    export_bucket: str = Field(
        "", alias="EXPORT_BUCKET", description="Bucket of exports, or `file:` URL of a folder."
    )
    export_days: int = Field(
        EXPORT_DAYS,
        ge=1,
        le=3_650,
        alias="GROUNDWORK_EXPORT_DAYS",
        description="Days for which the files of exports are kept.",
    )
    api_url: str = Field(
        "",
        alias="GROUNDWORK_URL",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Address of the API for the built-in worker, without `/api`.",
    )
    worker_key_secret_id: str = Field(
        "",
        alias="WORKER_KEY_SECRET_ID",
        description="Secret with the API key of the built-in worker: a name in Secrets Manager, "
        "or a `file:` URL.",
    )
    signing_key_secret_id: str = Field(
        "",
        alias="SIGNING_KEY_SECRET_ID",
        description="Secret with the key that signs access tokens: a name in Secrets Manager, or "
        "a `file:` URL.",
    )
    data_keys_secret_id: str = Field(
        "",
        alias="DATA_KEYS_SECRET_ID",
        description="Secret with the keys that encrypt secrets in the database: a name in Secrets "
        "Manager, or a `file:` URL.",
    )
    websocket_endpoint: str = Field(
        "", alias="WEBSOCKET_ENDPOINT", description="URL of the management API of WebSockets."
    )
    websocket_batch_url: str = Field(
        "",
        alias="WEBSOCKET_BATCH_URL",
        description="URL of the host's batch call for socket messages. Empty: one call per socket.",
    )
    host_token: str = Field(
        "",
        alias="GROUNDWORK_HOST_TOKEN",
        repr=False,
        description="Shared secret for the host's management API.",
    )
    names_caller: bool = Field(
        default=False,
        alias="GROUNDWORK_NAMES_CALLER",
        description="Whether responses name the authenticated user in a header for the host, which "
        "removes it. Must stay `false` on API Gateway, which would not.",
    )
    fetch_allow: tuple[str, ...] = Field(
        (),
        alias="GROUNDWORK_FETCH_ALLOW",
        description="Comma-separated `host:port` or CIDRs that may be used although not public.",
    )
    fetch_contact: str = Field(
        "",
        alias="GROUNDWORK_FETCH_CONTACT",
        pattern=r"^(https?://[^\s()]+)?$",
        max_length=200,
        description="Address of a page about this program, in the User-Agent of requests to "
        "sources. Empty: `GROUNDWORK_PUBLIC_URL`, or `http://localhost/`.",
    )
    rate_limit: int = Field(
        REQUESTS_PER_SECOND,
        ge=0,
        alias="GROUNDWORK_RATE_LIMIT",
        description="Requests per second and principal; `0`: no limit.",
    )
    cors_origins: tuple[str, ...] = Field(
        (), alias="GROUNDWORK_CORS_ORIGINS", description="Comma-separated exact origins."
    )
    token_issuer: str = Field(
        "groundwork", alias="GROUNDWORK_TOKEN_ISSUER", description="Issuer of access tokens."
    )
    sweep_after_seconds: int = Field(
        SWEEP_AFTER_SECONDS,
        ge=1,
        alias="GROUNDWORK_SWEEP_AFTER_SECONDS",
        description="Age in seconds after which the sweep repeats a fetch or job whose message "
        "was lost.",
    )
    job_attempt_days: int = Field(
        JOB_ATTEMPT_DAYS,
        ge=1,
        le=36_500,
        alias="GROUNDWORK_JOB_ATTEMPT_DAYS",
        description="Days for which ended attempts of jobs are kept.",
    )
    engagement_months: int = Field(
        ENGAGEMENT_MONTHS,
        ge=1,
        le=1_200,
        alias="GROUNDWORK_ENGAGEMENT_MONTHS",
        description="Months before the current one for which engagements are kept; their sums by "
        "hour and day stay.",
    )
    graph_check_seconds: float = Field(
        GRAPH_CHECK_SECONDS,
        gt=0,
        alias="GROUNDWORK_GRAPH_CHECK_SECONDS",
        description="Seconds of each minute spent on finding drift between Postgres and the graph.",
    )
    pages: Literal["auto", "on", "off"] = Field(
        "auto",
        alias="GROUNDWORK_PAGES",
        description="Whether the pages for developers, `/docs` and GraphiQL, are served: `on`, "
        "`off`, or `auto` (in `local` only).",
    )
    graphql_introspection: Literal["auto", "on", "off"] = Field(
        "auto",
        alias="GROUNDWORK_GRAPHQL_INTROSPECTION",
        description="Whether clients may query the GraphQL schema: `on`, `off`, or `auto` (off in "
        "`prod` only).",
    )
    graphql_persisted_only: bool = Field(
        default=False,
        alias="GROUNDWORK_GRAPHQL_PERSISTED_ONLY",
        description="Whether GraphQL serves only the queries bundled in `persisted.json`.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", alias="LOG_LEVEL", description="Lowest level of log lines that are written."
    )

    @property
    def shows_pages(self) -> bool:
        """Setting of the pages for developers; `auto` serves them in `local` only."""
        return self.pages == "on" or (self.pages == "auto" and self.stage == "local")

    @property
    def fetch_user_agent(self) -> str:
        """The User-Agent of requests to sources, with a contact address."""
        contact = self.fetch_contact or self.public_url or "http://localhost/"
        return f"Groundwork/0.1 (feed reader; +{contact})"

    @property
    def graphql_introspection_allowed(self) -> bool:
        """Setting of schema queries by clients; `auto` allows them except in production."""
        return self.graphql_introspection == "on" or (
            self.graphql_introspection == "auto" and self.stage != "prod"
        )

    @field_validator("fetch_allow", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            message = "name exact origins; * is not accepted"
            raise ValueError(message)
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and validate the settings.

        Raises BadSettings with one line that names every fault, never with a value.
        """
        given = {name: value for name, value in environment.items() if value != ""}
        faults = unsafe_outside_local(given)
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            faults = faults_in_words(error) + faults
        if faults:
            raise BadSettings("; ".join(faults), faults)
        return settings
