"""What the host is told, from environment variables."""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwork_lambda_host.environments.variables import passed_on
from groundwork_lambda_host.gateway.clients import BadProxies, Network, listed_networks
from groundwork_lambda_host.gateway.hosts import EVERY_HOST, BadHost, listed_hosts

_SPARE_ENVIRONMENTS = 1
"""One more than cores: who waits for a database leaves a core to another."""


class BadHostSettings(ValueError):
    """A variable is missing or makes no sense; the message says which and why."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Settings of one host process.

    Attributes:
        address: IP address to listen on.
        port: Port for HTTP and WebSocket; 0 takes a free one.
        stage: GROUNDWORK_ENV.
        environments: Most environments of one function, and most that one caller keeps busy of
            one that answers callers, which may have twice as many.
        wait_line: Events that may wait for an environment of one function.
        idle_seconds: A spare environment that did nothing for so long is stopped.
        announce_seconds: While draining, how long clients are asked to go before the port closes.
        finish_seconds: While draining, how long what is under way may take.
        metrics_token: Bearer token of /metrics; outside local it is needed.
        host_token: Shared secret of the management API below /@live.
        access_log: Whether each HTTP answer is a line of the log.
        hosts: Host names that are served besides those of this machine; `*` is every one.
        trusted_proxies: Networks of the proxies whose word on clients' addresses is taken.
        cors_origins: Exact origins that may read what the host answers by itself.
        shared: Variables that every environment gets.
    """

    address: str = "127.0.0.1"
    port: int = 8000
    stage: str = "local"
    environments: int = field(default_factory=lambda: (os.cpu_count() or 1) + _SPARE_ENVIRONMENTS)
    wait_line: int = 2048
    idle_seconds: float = 300.0
    announce_seconds: float = 2.0
    finish_seconds: float = 30.0
    access_log: bool = False
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    cors_origins: tuple[str, ...] = ()
    metrics_token: str = field(default="", repr=False)
    host_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    shared: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "HostSettings":
        """Reads GROUNDWORK_ADDRESS, _PORT, _ENV, _ENVIRONMENTS, _WAIT_LINE, _ACCESS_LOG and more.

        These are GROUNDWORK_HOSTS, GROUNDWORK_TRUSTED_PROXIES, GROUNDWORK_CORS_ORIGINS,
        GROUNDWORK_METRICS_TOKEN and GROUNDWORK_HOST_TOKEN.

        Raises:
            BadHostSettings: One of them is bad.
        """
        stage = environ.get("GROUNDWORK_ENV") or "local"
        token = environ.get("GROUNDWORK_METRICS_TOKEN", "")
        if stage != "local" and not token:
            # Without a token nobody may read them, which is safe; with a made-up one neither.
            token = secrets.token_urlsafe(32)
        default = cls()
        return cls(
            address=_address(environ.get("GROUNDWORK_ADDRESS") or default.address),
            port=_number(environ, "GROUNDWORK_PORT", default.port, range(65536)),
            stage=stage,
            environments=_number(
                environ, "GROUNDWORK_ENVIRONMENTS", default.environments, range(1, 1001)
            ),
            wait_line=_number(environ, "GROUNDWORK_WAIT_LINE", default.wait_line, range(1_000_000)),
            access_log=environ.get("GROUNDWORK_ACCESS_LOG", "") not in {"", "0", "false"},
            hosts=hosts_of(environ.get("GROUNDWORK_HOSTS", ""), stage),
            trusted_proxies=proxies_of(environ.get("GROUNDWORK_TRUSTED_PROXIES", "")),
            cors_origins=_origins(environ.get("GROUNDWORK_CORS_ORIGINS", "")),
            metrics_token=token if stage != "local" else "",
            host_token=environ.get("GROUNDWORK_HOST_TOKEN") or default.host_token,
            shared=passed_on(environ),
        )


def base_url(address: str, port: int) -> str:
    """Where programs on this machine reach a host that listens on an IP address.

    One that listens on every address is reached by loopback.
    """
    listening = ipaddress.ip_address(address)
    if listening.is_unspecified:
        listening = ipaddress.ip_address("127.0.0.1" if listening.version == 4 else "::1")  # noqa: PLR2004 - IPv4
    host = f"[{listening}]" if listening.version == 6 else str(listening)  # noqa: PLR2004 - IPv6
    return f"http://{host}:{port}"


def hosts_of(listed: str, stage: str) -> tuple[str, ...]:
    """GROUNDWORK_HOSTS. `*` is refused locally: any web page could read an instance through it.

    Raises:
        BadHostSettings: One of them cannot be served.
    """
    try:
        hosts = listed_hosts(listed)
    except BadHost as error:
        raise BadHostSettings(f"GROUNDWORK_HOSTS: {error}") from None
    if stage == "local" and EVERY_HOST in hosts:
        raise BadHostSettings("GROUNDWORK_HOSTS: * is for dev, staging and prod; name the hosts")
    return hosts


def proxies_of(listed: str) -> tuple[Network, ...]:
    """GROUNDWORK_TRUSTED_PROXIES.

    Raises:
        BadHostSettings: One of them is neither an address nor a network.
    """
    try:
        return listed_networks(listed)
    except BadProxies as error:
        raise BadHostSettings(f"GROUNDWORK_TRUSTED_PROXIES: {error}") from None


def _number(environ: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    given = environ.get(name) or str(default)
    if not given.isdecimal() or int(given) not in allowed:
        raise BadHostSettings(
            f"{name} must be a whole number from {allowed[0]} to {allowed[-1]}, not {given!r}"
        )
    return int(given)


def _address(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise BadHostSettings(
            f"GROUNDWORK_ADDRESS must be an IP address such as 127.0.0.1, not {given!r}"
        ) from None


def _origins(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",") if part.strip())
