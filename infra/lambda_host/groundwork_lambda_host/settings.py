"""Settings of the host, read from environment variables."""

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from groundwork_lambda_host.environments.variables import passed_on
from groundwork_lambda_host.gateway.clients import BadProxies, Network, listed_networks
from groundwork_lambda_host.gateway.hosts import EVERY_HOST, BadHost, listed_hosts

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
_GATEWAY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
_SPARE_ENVIRONMENTS = 1
"""Environments beyond the CPU cores, because some of them wait for a database."""


class BadHostSettings(ValueError):
    """Raised if variables are invalid; the message says which and why.

    Attributes:
        faults: One text for each fault; it starts with the variable.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def _variable(name: str, meaning: str, default: str = "") -> dict[str, str]:
    """Metadata of a field that is read from a variable; `default` describes a computed one."""
    return {"variable": name, "meaning": meaning, "default": default}


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Settings of one host process. The metadata names the variable of a field.

    Attributes:
        port: 0 takes a free port.
        idle_seconds: A spare environment is stopped after this time without an event.
        announce_seconds: While draining, the time for which clients are asked to close their
            connections before the port is closed.
        finish_seconds: While draining, the time that running events may take.
        shared: Variables that every environment gets.
    """

    address: str = field(
        default=LOOPBACK, metadata=_variable("GROUNDWORK_ADDRESS", "IP address to listen on.")
    )
    port: int = field(
        default=8000, metadata=_variable("GROUNDWORK_PORT", "Port for HTTP and WebSocket.")
    )
    stage: str = field(default="local", metadata=_variable("GROUNDWORK_ENV", "Stage."))
    environments: int = field(
        default_factory=lambda: (os.cpu_count() or 1) + _SPARE_ENVIRONMENTS,
        metadata=_variable(
            "GROUNDWORK_ENVIRONMENTS",
            "Maximum number of environments (processes) of a function. A function that serves "
            "HTTP or WebSocket requests may have twice as many, of which one caller keeps at most "
            "half busy; Fetch, which mostly waits for other servers, three times as many.",
            "CPU cores + 1",
        ),
    )
    wait_line: int = field(
        default=2048,
        metadata=_variable(
            "GROUNDWORK_WAIT_LINE",
            "Maximum number of events that wait for an environment of a function; further ones "
            "are rejected with 429.",
        ),
    )
    idle_seconds: float = 300.0
    announce_seconds: float = 2.0
    finish_seconds: float = 30.0
    access_log: bool = field(
        default=False,
        metadata=_variable(
            "GROUNDWORK_ACCESS_LOG", "Whether to log each HTTP response; `0` or `false`: no."
        ),
    )
    hosts: tuple[str, ...] = field(
        default=(),
        metadata=_variable(
            "GROUNDWORK_HOSTS", "Host names to serve besides those of this machine; `*`: all."
        ),
    )
    trusted_proxies: tuple[Network, ...] = field(
        default=(),
        metadata=_variable(
            "GROUNDWORK_TRUSTED_PROXIES",
            "Networks of proxies whose statements on clients' addresses are trusted.",
        ),
    )
    cors_origins: tuple[str, ...] = field(
        default=(),
        metadata=_variable(
            "GROUNDWORK_CORS_ORIGINS", "Exact origins that may read responses of the host itself."
        ),
    )
    metrics_token: str = field(
        default="",
        repr=False,
        metadata=_variable(
            "GROUNDWORK_METRICS_TOKEN",
            "Bearer token that `/metrics` requires, except in `local`. Empty: nobody can read "
            "`/metrics` outside `local`.",
        ),
    )
    host_token: str = field(
        default_factory=lambda: secrets.token_urlsafe(32),
        repr=False,
        metadata=_variable(
            "GROUNDWORK_HOST_TOKEN",
            "Shared secret for the management API of sockets under `/@live`.",
            "generated",
        ),
    )
    gateway: str = field(
        default_factory=lambda: f"g{secrets.token_hex(4)}",
        metadata=_variable(
            "GROUNDWORK_GATEWAY",
            "Name of this host among its peers, such as the name of its pod.",
            "generated",
        ),
    )
    peers: tuple[tuple[str, int], ...] = field(
        default=(),
        metadata=_variable(
            "GROUNDWORK_PEERS",
            "Comma-separated `name:port` of the hosts that share sockets with this one, such as a "
            "headless Service of Kubernetes. All addresses of each name are asked every 5 "
            "seconds. Except in `local`, `GROUNDWORK_HOST_TOKEN` is then required.",
        ),
    )
    live_url: str = field(
        default="",
        metadata=_variable(
            "GROUNDWORK_LIVE_URL",
            "Base URL of a host that serves sockets, such as `http://gateway:8000`, for a host "
            "that does not. Empty: this host.",
        ),
    )
    zipkin_url: str = field(
        default="",
        metadata=_variable(
            "GROUNDWORK_ZIPKIN_URL",
            "Base URL of Zipkin, such as `http://zipkin:9411`, which gets a span for each request "
            "and for each event of a function. Of new traces, the first ten of each second are "
            "sampled and 5 % of the others. Empty: none.",
        ),
    )
    functions: tuple[str, ...] = field(
        default=(),
        metadata=_variable(
            "GROUNDWORK_FUNCTIONS",
            "Comma-separated functions that this host runs, such as `Fetch,Relay`, with their "
            "routes, queues and schedules. `-Fetch` leaves one out. Empty: all.",
        ),
    )
    shared: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "HostSettings":
        """Read and validate the variables that the fields name.

        Raises:
            BadHostSettings: Some of them are invalid; it names every fault.
        """
        stage = environ.get("GROUNDWORK_ENV") or "local"
        metrics_token = environ.get("GROUNDWORK_METRICS_TOKEN", "")
        if stage != "local" and not metrics_token:
            # Nobody knows a generated token, so nobody can read `/metrics`.
            metrics_token = secrets.token_urlsafe(32)
        default = cls()
        faults: list[str] = []

        def checked(read: Callable[[], T], if_invalid: T) -> T:
            try:
                return read()
            except BadHostSettings as error:
                faults.extend(error.faults)
                return if_invalid

        def number(name: str, default: int, allowed: range) -> int:
            return checked(lambda: _number(environ, name, default, allowed), default)

        def text(name: str) -> str:
            return environ.get(name) or ""

        settings = cls(
            address=checked(lambda: _address(text("GROUNDWORK_ADDRESS")), default.address),
            port=number("GROUNDWORK_PORT", default.port, range(65536)),
            stage=stage,
            environments=number("GROUNDWORK_ENVIRONMENTS", default.environments, range(1, 1001)),
            wait_line=number("GROUNDWORK_WAIT_LINE", default.wait_line, range(1_000_000)),
            access_log=text("GROUNDWORK_ACCESS_LOG") not in {"", "0", "false"},
            hosts=checked(lambda: hosts_of(text("GROUNDWORK_HOSTS"), stage), ()),
            trusted_proxies=checked(lambda: proxies_of(text("GROUNDWORK_TRUSTED_PROXIES")), ()),
            cors_origins=_listed(text("GROUNDWORK_CORS_ORIGINS")),
            metrics_token=metrics_token if stage != "local" else "",
            host_token=text("GROUNDWORK_HOST_TOKEN") or default.host_token,
            gateway=checked(
                lambda: _gateway(text("GROUNDWORK_GATEWAY") or default.gateway), default.gateway
            ),
            peers=checked(lambda: _peers(text("GROUNDWORK_PEERS")), ()),
            live_url=checked(lambda: _service_url("GROUNDWORK_LIVE_URL", environ), ""),
            zipkin_url=checked(lambda: _service_url("GROUNDWORK_ZIPKIN_URL", environ), ""),
            functions=_listed(text("GROUNDWORK_FUNCTIONS")),
            shared=passed_on(environ),
        )
        if settings.peers and stage != "local" and not text("GROUNDWORK_HOST_TOKEN"):
            faults.append("GROUNDWORK_HOST_TOKEN is missing: peers need the same one")
        if faults:
            raise BadHostSettings(*faults)
        return settings


def base_url(address: str, port: int) -> str:
    """Return the URL by which programs on this machine reach a host.

    A host that listens on every address is reached by loopback.
    """
    listening = ipaddress.ip_address(address)
    if listening.is_unspecified:
        listening = ipaddress.ip_address("127.0.0.1" if listening.version == 4 else "::1")  # noqa: PLR2004 - IPv4
    host = f"[{listening}]" if listening.version == 6 else str(listening)  # noqa: PLR2004 - IPv6
    return f"http://{host}:{port}"


def hosts_of(listed: str, stage: str) -> tuple[str, ...]:
    """Parse GROUNDWORK_HOSTS. `*` is refused locally, where it would allow DNS rebinding.

    Raises:
        BadHostSettings: An entry is invalid.
    """
    try:
        hosts = listed_hosts(listed)
    except BadHost as error:
        raise BadHostSettings(f"GROUNDWORK_HOSTS: {error}") from None
    if stage == "local" and EVERY_HOST in hosts:
        raise BadHostSettings(
            "GROUNDWORK_HOSTS: * is only allowed in dev, staging and prod; name the hosts"
        )
    return hosts


def proxies_of(listed: str) -> tuple[Network, ...]:
    """Parse GROUNDWORK_TRUSTED_PROXIES.

    Raises:
        BadHostSettings: An entry is neither an address nor a network.
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
        return str(ipaddress.ip_address(given or LOOPBACK))
    except ValueError:
        raise BadHostSettings(
            f"GROUNDWORK_ADDRESS must be an IP address such as 127.0.0.1, not {given!r}"
        ) from None


def _gateway(given: str) -> str:
    if not _GATEWAY.fullmatch(given):
        raise BadHostSettings(
            f"GROUNDWORK_GATEWAY must be letters, digits, dots and hyphens, not {given!r}"
        )
    return given


def _peers(listed: str) -> tuple[tuple[str, int], ...]:
    found = []
    for part in _listed(listed):
        name, colon, port = part.rpartition(":")
        if not (name and colon and port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004 - ports
            raise BadHostSettings(f"GROUNDWORK_PEERS: give name:port, not {part!r}")
        found.append((name, int(port)))
    return tuple(found)


def _service_url(name: str, environ: Mapping[str, str]) -> str:
    given = environ.get(name) or ""
    parts = urlsplit(given)
    if given and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path):
        raise BadHostSettings(f"{name} must be like http://gateway:8000")
    return given


def _listed(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",") if part.strip())
