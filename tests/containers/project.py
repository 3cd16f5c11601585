"""A running Compose project, with stand-ins for the images of a registry."""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from ..child_instance import free_port
from .engine import ROOT, Engine, run

SECRETS = [
    "DATABASE_PASSWORD",
    "FUNCTIONS_DATABASE_PASSWORD",
    "NEO4J_PASSWORD",
    "EMULATOR_KEY",
    "HOST_TOKEN",
    "METRICS_TOKEN",
    "ADMIN_PASSWORD",
]
PUBLISHED = ["PROMETHEUS", "ALERTMANAGER", "ZIPKIN", "OPENSEARCH"]
FILES = ["infra/compose/compose.yaml", "tests/containers/standins.compose.yaml"]


@dataclass
class Project:
    """A running Compose project."""

    engine: Engine
    command: list[str]
    port: int
    password: str
    ports: Mapping[str, int] = field(default_factory=dict)
    """The published ports of the other services."""
    seconds: float = 0.0

    def __call__(self, *arguments: str, timeout: float = 900) -> str:
        files = [part for name in FILES for part in ("-f", str(ROOT / name))]
        return run(
            [*self.command, *files, *arguments],
            timeout=timeout,
            env=dict(self.engine.environment),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def container(self, service: str) -> str:
        return self("--profile", "*", "ps", "-aq", service).strip()

    def name(self, service: str) -> str:
        """Return the name of the container of a service."""
        name = self.engine.docker("inspect", "-f", "{{.Name}}", self.container(service))
        return name.strip().removeprefix("/")

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """Log in as the first admin."""
        login = {"email": "admin@localhost.test", "password": self.password}
        answer = httpx2.post(f"{self.url}/api/v1/auth/login", json=login, timeout=60)
        assert answer.status_code == 200, answer.text
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        with httpx2.Client(base_url=self.url, headers=bearer, timeout=60) as logged_in:
            yield logged_in


@contextmanager
def started(
    engine: Engine, compose: list[str], base: str, folder: Path, profile: str
) -> Iterator[Project]:
    """Start a project from nothing with new secrets; remove it with its volumes."""
    port = free_port()
    values = {name: f"a{secrets.token_hex(12)}" for name in SECRETS}
    ports = {name: free_port() for name in PUBLISHED}
    values |= {"COMPOSE_PROFILES": profile, "PORT": str(port), "BASE": base}
    values |= {f"{name}_PORT": str(number) for name, number in ports.items()}
    values |= {"CONTAINER_LOGS": engine.container_logs(), "OPENSEARCH_TLS": "off"}
    file = folder / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    command = [*compose, "-p", f"groundwork-{port}", "--env-file", str(file)]
    found = Project(engine, command, port, values["ADMIN_PASSWORD"], ports)
    try:
        began = time.monotonic()
        found("up", "-d", "--wait", "--wait-timeout", "600")
        found.seconds = time.monotonic() - began
        yield found
    finally:
        if not found.seconds:
            print(found("logs", "--tail", "30"))
        found("--profile", "*", "down", "-v", "--timeout", "45")
