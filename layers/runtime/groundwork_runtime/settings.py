"""Settings of the functions, from environment variables; validated before the first event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from groundwork_core.retention.remove_expired import JOB_ATTEMPT_DAYS
from groundwork_data.secret_credentials import DEFAULT_PASSWORDS

REQUESTS_PER_SECOND = 500
"""Default rate limit of each principal."""
SWEEP_AFTER_SECONDS = 120
"""Default time that announced work may wait before the sweep announces it again."""
GRAPH_CHECK_SECONDS = 2.0
"""Default time of each minute for comparing the graph with Postgres."""


class BadSettings(Exception):
    """Raised if the environment is not a valid configuration; the message says what to set."""

    says_no_values = True


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
        "",
        alias="JOB_TIMER_QUEUE_URL",
        description="URL of the queue of timers that end leases and pauses of jobs.",
    )
    api_url: str = Field(
        "",
        alias="GROUNDWORK_URL",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Where a worker among our functions finds the API, without `/api`.",
    )
    worker_key_secret_id: str = Field(
        "",
        alias="WORKER_KEY_SECRET_ID",
        description="Secret with the API key of that worker: a name in Secrets Manager, or a "
        "`file:` URL.",
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
        "",
        alias="WEBSOCKET_ENDPOINT",
        description="URL of the management API to which socket messages are posted.",
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
        description="Whether answers name the authenticated user in a header for the host, which "
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
        "groundwork",
        alias="GROUNDWORK_TOKEN_ISSUER",
        description="Issuer (`iss`) of access tokens.",
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
    graph_check_seconds: float = Field(
        GRAPH_CHECK_SECONDS,
        gt=0,
        alias="GROUNDWORK_GRAPH_CHECK_SECONDS",
        description="Seconds of each minute spent on finding drift between Postgres and the graph.",
    )
    pages: Literal["auto", "on", "off"] = Field(
        "auto",
        alias="GROUNDWORK_PAGES",
        description="Whether anybody sees the pages for developers, `/docs` and GraphiQL: `on`, "
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
        """Whether the pages for developers are served; `auto` serves them in `local` only."""
        return self.pages == "on" or (self.pages == "auto" and self.stage == "local")

    @property
    def fetch_user_agent(self) -> str:
        """The User-Agent of requests to sources, with an address for those who wonder."""
        contact = self.fetch_contact or self.public_url or "http://localhost/"
        return f"Groundwork/0.1 (feed reader; +{contact})"

    @property
    def graphql_introspection_allowed(self) -> bool:
        """Whether clients may query the schema; `auto` allows it except in production."""
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

    @model_validator(mode="after")
    def _safe_outside_local(self) -> Settings:
        if self.stage == "local":
            return self
        if self.fetch_allow:
            message = "GROUNDWORK_FETCH_ALLOW is for local use only; unset it"
            raise ValueError(message)
        # A function without a user only asks whether the graph can be reached.
        logs_in = bool(self.neo4j_uri) and "neo4j_user" in self.model_fields_set
        if (
            (logs_in or self.neo4j_password)
            and not self.neo4j_secret_id
            and self.neo4j_password in DEFAULT_PASSWORDS
        ):
            message = "NEO4J_PASSWORD is missing or a default; set a real one"
            raise ValueError(message)
        if (
            self.database_url
            and not self.database_secret_id
            and _password_of(self.database_url) in DEFAULT_PASSWORDS
        ):
            message = "DATABASE_URL has no password or a default one; set a real one"
            raise ValueError(message)
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and validate. Raises BadSettings with one line per fault, never with a value."""
        given = {name: value for name, value in environment.items() if value != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            lines = [
                f"{'.'.join(str(part) for part in fault['loc']) or 'settings'}: {fault['msg']}"
                for fault in error.errors(include_input=False, include_url=False)
            ]
            raise BadSettings("; ".join(lines)) from None


def _password_of(url: str) -> str:
    _, _, rest = url.partition("://")
    credentials, at, _ = rest.rpartition("@")
    _, _, password = credentials.partition(":")
    return password if at else ""
