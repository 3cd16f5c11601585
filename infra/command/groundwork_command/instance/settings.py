"""Settings of an instance, read from the environment and validated before the start."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from groundwork_core.errors import Invalid
from groundwork_core.identity.passwords import check_password
from groundwork_lambda_host.settings import BadHostSettings, HostSettings, base_url
from groundwork_runtime.setting_faults import faults_in_words
from groundwork_runtime.settings import REQUESTS_PER_SECOND, BadSettings, Settings

HIGHEST_PORT = 65535
FIRST_ADMIN = "admin@localhost.test"
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


LogFormat = Literal["auto", "text", "json"]
"""`auto`: readable text on a terminal, JSON elsewhere."""


class InstanceSettings(BaseModel):
    """Settings of `groundwork up` and `serve`; docs/settings.md is generated from them."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    stage: Literal["local", "dev", "staging", "prod"] = Field(
        "local",
        alias="GROUNDWORK_ENV",
        description="Stage: `local`, `dev`, `staging` or `prod`. Except in `local`, `DATABASE_URL` "
        "and `NEO4J_URI` are required.",
    )
    port: int = Field(
        8000,
        ge=1,
        le=HIGHEST_PORT,
        alias="GROUNDWORK_PORT",
        description="Port for HTTP and WebSocket.",
    )
    address: str = Field(
        "127.0.0.1",
        alias="GROUNDWORK_ADDRESS",
        description="IP address to listen on; `0.0.0.0` in a container.",
    )
    home: Path = Field(
        Path(".groundwork"),
        alias="GROUNDWORK_HOME",
        description="State folder. Instances with different folders and ports run side by side.",
    )
    admin_email: str = Field(
        FIRST_ADMIN,
        alias="GROUNDWORK_ADMIN_EMAIL",
        description="E-mail address of the first admin; also the login of commands that use the "
        "API.",
    )
    admin_password: str = Field(
        "",
        alias="GROUNDWORK_ADMIN_PASSWORD",
        repr=False,
        description="Password of the first admin. Empty: generated, and printed once.",
    )
    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        repr=False,
        description="PostgreSQL to use. Empty: the embedded one is started (`local` only).",
    )
    migration_database_url: str = Field(
        "",
        alias="GROUNDWORK_MIGRATION_DATABASE_URL",
        repr=False,
        description="Owner of the tables, for migrations, backup and restore. `DATABASE_URL` is "
        "then a separate role for functions, which gets its rights at the start.",
    )
    neo4j_uri: str = Field(
        "",
        alias="NEO4J_URI",
        description="Neo4j to use. Empty: the embedded one is started (`local` only).",
    )
    neo4j_user: str = Field("neo4j", alias="NEO4J_USER", description="User name for Neo4j.")
    neo4j_password: str = Field(
        "",
        alias="NEO4J_PASSWORD",
        repr=False,
        description="Password for Neo4j; required with `NEO4J_URI`.",
    )
    aws_endpoint_url: str = Field(
        "",
        alias="AWS_ENDPOINT_URL",
        description="AWS or emulator to use. Empty: the embedded emulator is started.",
    )
    aws_account: str = Field(
        "000000000000",
        pattern=r"^\d{12}$",
        alias="GROUNDWORK_AWS_ACCOUNT",
        description="AWS account of the queues, twelve digits; needed without `AWS_ENDPOINT_URL`.",
    )
    export_bucket: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        alias="GROUNDWORK_EXPORT_BUCKET",
        description="Bucket of S3 for the files of exports; it must be there. Empty: the folder "
        "`exports` of the state folder, which only one host has.",
    )
    stack_name: str = Field(
        "groundwork",
        pattern=r"^[A-Za-z0-9-]{1,40}$",
        alias="GROUNDWORK_STACK",
        description="Prefix of the names of queues; stages that share an account need their own.",
    )
    schema_wait_seconds: int = Field(
        120,
        ge=0,
        le=3600,
        alias="GROUNDWORK_SCHEMA_WAIT_SECONDS",
        description="How long `groundwork serve` waits at its start for Postgres and for its "
        "migrations, before it ends.",
    )
    rate_limit: int = Field(
        REQUESTS_PER_SECOND,
        ge=0,
        alias="GROUNDWORK_RATE_LIMIT",
        description="Requests per second and principal (a user or an API key), over all "
        "processes; the burst is four times that. `0`: no limit.",
    )
    fetch_allow: str = Field(
        "",
        alias="GROUNDWORK_FETCH_ALLOW",
        description="Comma-separated `host:port` or CIDRs that the fetcher, sources and webhooks "
        "may use although they are not public; `local` only.",
    )
    log_format: LogFormat = Field(
        "auto",
        alias="GROUNDWORK_LOG_FORMAT",
        description="`text`: readable lines; `json`: one object per line, with the names of the "
        "Elastic Common Schema; `auto`: text on a terminal, JSON elsewhere.",
    )
    cors_origins: str = Field(
        "",
        alias="GROUNDWORK_CORS_ORIGINS",
        description="Comma-separated exact origins of browser clients. Responses that AWS' API "
        "Gateway makes itself name only the first.",
    )
    hosts: str = Field(
        "",
        alias="GROUNDWORK_HOSTS",
        description="Comma-separated hosts to serve besides `127.0.0.1`, `localhost` and `[::1]`: "
        "names without ports, `*.example.org` for all subdomains. Requests for other hosts, also "
        "WebSockets and `/metrics`, get 421, which prevents DNS rebinding. With a load balancer, "
        "name the public hosts and the host of its health checks. `*` serves every host and is "
        "refused in `local`.",
    )
    trusted_proxies: str = Field(
        "",
        alias="GROUNDWORK_TRUSTED_PROXIES",
        description="Comma-separated addresses and CIDRs of reverse proxies. For their requests "
        "the client's address is the right-most one in `X-Forwarded-For` or `Forwarded` that is "
        "not a proxy; these headers are ignored from others. Without it, all clients of a proxy "
        "share one address and its limits.",
    )

    @property
    def url(self) -> str:
        """Base URL of the instance for programs on this machine."""
        return base_url(self.address, self.port)

    @field_validator("address")
    @classmethod
    def _listened_on(cls, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            message = "give an IP address such as 127.0.0.1 or 0.0.0.0"
            raise ValueError(message) from None

    @field_validator("admin_email")
    @classmethod
    def _email(cls, value: str) -> str:
        name, at, host = value.partition("@")
        return _require(value, bool(name and at and host), "give an e-mail address")

    @field_validator("database_url", "migration_database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        known = not value or urlsplit(value).scheme in {"postgresql", "postgres"}
        return _require(value, known, "give postgresql://user:password@host:port/name")

    @field_validator("neo4j_uri")
    @classmethod
    def _graph(cls, value: str) -> str:
        known = not value or urlsplit(value).scheme.split("+")[0] in {"bolt", "neo4j"}
        return _require(value, known, "give bolt://host:port or neo4j://host:port")

    @field_validator("aws_endpoint_url")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        known = not value or urlsplit(value).scheme in {"http", "https"}
        return _require(value, known, "give http://host:port")

    @field_validator("fetch_allow")
    @classmethod
    def _allowed(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            _require(part, _is_network(part) or _is_host_and_port(part), _ALLOW_FORM)
        return value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read and validate the settings, also those of the functions and of the host.

        Raises BadSettings with one line that names every fault, without values.
        """
        given = {name: value for name, value in environment.items() if value != ""}
        faults = []
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            faults = faults_in_words(error)
        faults += _contradictions(given)
        try:
            Settings.from_environment(given)
        except BadSettings as error:
            faults += error.faults
        try:
            HostSettings.from_environ(given)
        except BadHostSettings as error:
            faults += error.faults
        if faults:
            raise bad_settings(faults)
        return settings


def bad_settings(faults: Sequence[str]) -> BadSettings:
    """Return the error that names all faults; of two about one variable it names the first."""
    by_variable: dict[str, str] = {}
    for fault in faults:
        by_variable.setdefault(re.split(r"[^A-Z0-9_]", fault)[0], fault)
    return BadSettings("; ".join(by_variable.values()), tuple(by_variable.values()))


def _contradictions(given: Mapping[str, str]) -> list[str]:
    """Return settings that others make wrong or necessary. It reads the variables themselves."""
    faults = []
    stage = given.get("GROUNDWORK_ENV", "local")
    if password := given.get("GROUNDWORK_ADMIN_PASSWORD"):
        try:
            check_password(password, email=given.get("GROUNDWORK_ADMIN_EMAIL", FIRST_ADMIN))
        except Invalid as error:
            faults.append(f"GROUNDWORK_ADMIN_PASSWORD: {error.detail}")
    if "GROUNDWORK_MIGRATION_DATABASE_URL" in given and "DATABASE_URL" not in given:
        faults.append("DATABASE_URL is missing, though GROUNDWORK_MIGRATION_DATABASE_URL is set")
    if "NEO4J_URI" in given and "NEO4J_PASSWORD" not in given:
        faults.append("NEO4J_PASSWORD is missing, though NEO4J_URI is set")
    if stage != "local":
        faults += [
            f"{name} is missing: nothing embedded is started in {stage}"
            for name in ("DATABASE_URL", "NEO4J_URI")
            if name not in given
        ]
    if stage in {"staging", "prod"} and is_emulator(given.get("AWS_ENDPOINT_URL", "")):
        faults.append(f"AWS_ENDPOINT_URL is not an address of AWS; {stage} runs on no emulator")
    return faults


def is_emulator(endpoint: str) -> bool:
    """Return whether an endpoint is an emulator, not AWS; VPC endpoints have names too."""
    return bool(endpoint) and not (urlsplit(endpoint).hostname or "").endswith(AWS_DOMAINS)


_ALLOW_FORM = "give host:port or a network like 10.0.0.0/8, separated by commas"


def _require(value: str, fits: bool, message: str) -> str:  # noqa: FBT001 - the outcome of a check
    if not fits:
        raise ValueError(message)
    return value


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return "/" in text


def _is_host_and_port(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    return bool(host and colon and port.isdigit() and 0 < int(port) <= HIGHEST_PORT)
