"""A whole Groundwork for tests: `groundwork up` in a process of its own."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from groundwork_host.services.home import free_port

READY = "Groundwork is ready at "
COMMAND = Path(sys.executable).with_name("groundwork")


@dataclass(frozen=True)
class Instance:
    """A running instance and its first admin."""

    url: str
    email: str
    password: str
    environment: Mapping[str, str]
    home: Path
    process: "subprocess.Popen[str]"
    output: list[str]
    """What it wrote, line by line; it grows while the instance runs."""

    def client(self) -> httpx2.Client:
        """An HTTP client without a login."""
        return httpx2.Client(base_url=self.url, timeout=30, trust_env=False)

    def admin(self) -> httpx2.Client:
        """An HTTP client that is logged in as the first admin."""
        client = self.client()
        answer = client.post(
            "/api/v1/auth/login", json={"email": self.email, "password": self.password}
        )
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextmanager
def new_home() -> Iterator[Path]:
    """A folder for an instance's state."""
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-instance-"))
    yield folder / "state"
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def up(home: Path, settings: Mapping[str, str]) -> Iterator[Instance]:
    """Start an instance on a state folder and wait until it is ready; stop it at the end."""
    environment = {
        **os.environ,
        "GROUNDWORK_HOME": str(home),
        "GROUNDWORK_PORT": str(free_port()),
        "GROUNDWORK_ADMIN_EMAIL": "admin@localhost.test",
        "GROUNDWORK_ADMIN_PASSWORD": secrets.token_urlsafe(12),
        **settings,
    }
    process = subprocess.Popen(
        [COMMAND, "up"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if line.startswith(READY):
                ready.set()
        ready.set()  # it ended

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(timeout=110), "".join(output)
        assert process.poll() is None, "".join(output)
        yield Instance(
            f"http://127.0.0.1:{environment['GROUNDWORK_PORT']}",
            environment["GROUNDWORK_ADMIN_EMAIL"],
            environment["GROUNDWORK_ADMIN_PASSWORD"],
            environment,
            home,
            process,
            output,
        )
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def run(
    *arguments: str, environment: Mapping[str, str], expect: int = 0
) -> "subprocess.CompletedProcess[str]":
    """Run the `groundwork` command to its end and check its exit code."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done
