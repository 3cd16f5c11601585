"""What an instance may be told at its start, checked before anything starts."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from groundwork_core.errors import Invalid
from groundwork_core.identity.passwords import must_be_good
from groundwork_lambda_host.settings import base_url, hosts_of, proxies_of
from groundwork_runtime.settings import REQUESTS_PER_SECOND, BadSettings, Settings

HIGHEST_PORT = 65535


LogFormat = Literal["auto", "text", "json"]
"""`auto`: readable text on a terminal, JSON elsewhere."""


class InstanceSettings(BaseModel):
    """The settings of CONTRACT's first table."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    stage: Literal["local", "dev", "staging", "prod"] = Field("local", alias="GROUNDWORK_ENV")
    port: int = Field(8000, ge=1, le=HIGHEST_PORT, alias="GROUNDWORK_PORT")
    address: str = Field("127.0.0.1", alias="GROUNDWORK_ADDRESS")
    home: Path = Field(Path(".groundwork"), alias="GROUNDWORK_HOME")
    admin_email: str = Field("admin@localhost.test", alias="GROUNDWORK_ADMIN_EMAIL")
    admin_password: str = Field("", alias="GROUNDWORK_ADMIN_PASSWORD", repr=False)
    database_url: str = Field("", alias="DATABASE_URL", repr=False)
    migration_database_url: str = Field("", alias="GROUNDWORK_MIGRATION_DATABASE_URL", repr=False)
    neo4j_uri: str = Field("", alias="NEO4J_URI")
    neo4j_user: str = Field("neo4j", alias="NEO4J_USER")
    neo4j_password: str = Field("", alias="NEO4J_PASSWORD", repr=False)
    aws_endpoint_url: str = Field("", alias="AWS_ENDPOINT_URL")
    rate_limit: int = Field(REQUESTS_PER_SECOND, ge=0, alias="GROUNDWORK_RATE_LIMIT")
    fetch_allow: str = Field("", alias="GROUNDWORK_FETCH_ALLOW")
    log_format: LogFormat = Field("auto", alias="GROUNDWORK_LOG_FORMAT")
    cors_origins: str = Field("", alias="GROUNDWORK_CORS_ORIGINS")
    hosts: str = Field("", alias="GROUNDWORK_HOSTS")
    trusted_proxies: str = Field("", alias="GROUNDWORK_TRUSTED_PROXIES")

    @property
    def url(self) -> str:
        """Where programs on this machine reach the instance."""
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

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        hosts_of(self.hosts, self.stage)
        proxies_of(self.trusted_proxies)
        if self.admin_password:
            try:
                must_be_good(self.admin_password, email=self.admin_email)
            except Invalid as error:
                message = f"GROUNDWORK_ADMIN_PASSWORD: {error.detail}"
                raise ValueError(message) from None
        if self.migration_database_url and not self.database_url:
            message = "GROUNDWORK_MIGRATION_DATABASE_URL is set, so DATABASE_URL must be too"
            raise ValueError(message)
        if self.neo4j_uri and not self.neo4j_password:
            message = "NEO4J_URI is set, so NEO4J_PASSWORD must be too"
            raise ValueError(message)
        if self.stage != "local" and not self.database_url:
            message = f"DATABASE_URL is missing: nothing embedded is started in {self.stage}"
            raise ValueError(message)
        if self.stage != "local" and not self.neo4j_uri:
            message = f"NEO4J_URI is missing: nothing embedded is started in {self.stage}"
            raise ValueError(message)
        return self

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read and check. Raises BadSettings with one line that names every fault, no values."""
        given = {name: value for name, value in environment.items() if value != ""}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            raise BadSettings("; ".join(_in_words(error))) from None
        Settings.from_environment(given)  # what the functions refuse is refused here, at once
        return settings


_ALLOW_FORM = "give host:port or a network like 10.0.0.0/8, separated by commas"


def _in_words(error: ValidationError) -> list[str]:
    faults = error.errors(include_input=False, include_url=False)
    return [
        ": ".join(
            [*(str(part) for part in fault["loc"]), fault["msg"].removeprefix("Value error, ")]
        )
        for fault in faults
    ]


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
