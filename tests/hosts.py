"""Hosts as `groundwork serve` runs them, on services that run already."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from .child_instance import free_port
from .instances import COMMAND

SERVES = "Groundwork serves at"


def deployment(services: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Settings of a deployment of stage `dev`; functions have a database role of their own."""
    server, name = database_url.rsplit("/", 1)
    password = secrets.token_hex(12)
    address = server.rpartition("@")[2]
    return {
        **services,
        "GROUNDWORK_MIGRATION_DATABASE_URL": database_url,
        "DATABASE_URL": f"postgresql://{name}_functions:{password}@{address}/{name}",
        "GROUNDWORK_ENV": "dev",
        "GROUNDWORK_STACK": name.replace("_", "-"),
        "GROUNDWORK_HOST_TOKEN": secrets.token_hex(12),
        "GROUNDWORK_ADMIN_PASSWORD": secrets.token_urlsafe(18),
        "GROUNDWORK_ENVIRONMENTS": "1",
        "AWS_REGION": "eu-central-1",
    }


@dataclass
class ServingHost:
    """`groundwork serve`. Used as `with ServingHost(folder, settings) as host:`."""

    folder: Path
    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    command: Sequence[str | Path] = (COMMAND,)
    """The `groundwork` command; another release's, say."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / f"{self.port}.log").read_text()

    def __enter__(self) -> Self:
        with (self.folder / f"{self.port}.log").open("w") as log:
            self.process = subprocess.Popen(
                [*self.command, "serve"],
                env={**os.environ, **self.settings, "GROUNDWORK_PORT": str(self.port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def ready(self) -> Self:
        """Wait until it says that it serves."""
        while SERVES not in self.log:
            if self.process.poll() is not None:
                message = f"groundwork serve ended early:\n{self.log[-2000:]}"
                raise RuntimeError(message)
            time.sleep(0.05)
        return self

    def stop(self) -> int:
        """Stop it as a cluster would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def client(self) -> httpx2.Client:
        """Log in as the first admin."""
        login = {
            "email": "admin@localhost.test",
            "password": self.settings["GROUNDWORK_ADMIN_PASSWORD"],
        }
        answer = httpx2.post(f"{self.url}/api/v1/auth/login", json=login, timeout=60)
        answer.raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx2.Client(base_url=self.url, headers=bearer, timeout=60)
