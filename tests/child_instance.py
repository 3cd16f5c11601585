"""A whole instance as a child process, for tests and measurements: started by its command."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from groundwork_command.services.home import free_port
from groundwork_lambda_host.settings import base_url

__all__ = ["READY", "Instance", "free_port"]

READY = "Groundwork is ready"


@dataclass
class Instance:
    """`groundwork up` in a home of its own. Used as `with Instance(home) as up:`."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    email: str = "admin@localhost.test"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    ready_after_seconds: float = 0.0

    @property
    def url(self) -> str:
        """The base URL of the instance."""
        return base_url(self.settings.get("GROUNDWORK_ADDRESS", "127.0.0.1"), self.port)

    def __enter__(self) -> Self:
        """Start it and wait for its ready line."""
        started = time.perf_counter()
        self.log = self.home.parent / f"{self.home.name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).parent / "groundwork", "up"],
                env={
                    **os.environ,
                    "GROUNDWORK_HOME": str(self.home),
                    "GROUNDWORK_PORT": str(self.port),
                    "GROUNDWORK_ADMIN_EMAIL": self.email,
                    "GROUNDWORK_ADMIN_PASSWORD": self.password,
                    **self.settings,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while f"\n{READY}" not in self.log.read_text():
            if self.process.poll() is not None:
                message = f"groundwork up ended early:\n{self.log.read_text()[-2000:]}"
                raise RuntimeError(message)
            time.sleep(0.05)
        self.ready_after_seconds = time.perf_counter() - started
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it as Ctrl-C would, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of its services, as environment variables."""
        found: dict[str, str] = json.loads((self.home / "instance.json").read_text())["addresses"]
        return found

    def client(self) -> httpx2.Client:
        """Log in as the admin and return a client that carries the token."""
        answer = httpx2.post(
            f"{self.url}/api/v1/auth/login",
            json={"email": self.email, "password": self.password},
            timeout=30,
        )
        answer.raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx2.Client(base_url=self.url, headers=bearer, timeout=30)
