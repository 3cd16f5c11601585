"""Run schemathesis on an instance, and read its report."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest

FUZZER = Path(__file__).parents[2] / ".venv" / "contract" / "bin" / "schemathesis"
FOLDER = Path(__file__).parent / "fuzzing"
EXAMPLES = 20
SEED = 20_260_131
REQUEST_SECONDS = 600
"""The fuzzer's own limit is 10 s, which a busy machine exceeds now and then."""


@dataclass(frozen=True)
class Account:
    """A user of the instance."""

    url: str
    email: str
    password: str
    database_url: str = field(repr=False)

    def client(self) -> httpx2.Client:
        """Log in. An access token lasts minutes, so each test has one of its own."""
        # The fuzzer's logins with made-up passwords count against the address of all.
        with psycopg.connect(self.database_url) as connection:
            connection.execute("DELETE FROM login_failures")
        body = {"email": self.email, "password": self.password}
        answer = httpx2.post(f"{self.url}/api/v1/auth/login", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx2.Client(base_url=self.url, headers=bearer, timeout=30)

    def session(self, client: httpx2.Client) -> str:
        """Return the variables by which the hooks of the fuzzer log in again."""
        token = client.headers["Authorization"].removeprefix("Bearer ")
        place = f"{self.url}/api/v1/auth/login"
        own = {"email": self.email, "password": self.password}
        return json.dumps({**own, "url": place, "token": token})


def good(client: httpx2.Client, report: Path) -> set[str]:
    """The operations that gave a good response."""
    named = operations(client)
    return {named[one] for one, status in answers(report) if 200 <= status < 300}


def fuzz(
    client: httpx2.Client,
    folder: Path,
    *options: str,
    document: Path | None = None,
    examples: int = EXAMPLES,
    **variables: str,
) -> "subprocess.CompletedProcess[str]":
    """Run the fuzzer to its end; `folder` gets its report, `variables` are for its hooks."""
    if not FUZZER.exists():
        pytest.fail("the fuzzer is not installed; `make test-long` installs it")
    url, me = str(client.base_url).rstrip("/"), client.get("/api/v1/me")
    assert me.status_code == 200, me.text
    token = client.headers["Authorization"].removeprefix("Bearer ")
    own = folder / "own.json"
    own.write_text(json.dumps({me.json()["id"]: ""}))
    given = {
        "PYTHONPATH": str(FOLDER),
        "FUZZER_SESSION": json.dumps({"token": token}),
        "FUZZER_OWN": str(own),
    }
    return subprocess.run(
        [
            str(FUZZER),
            f"--config-file={FOLDER / 'schemathesis.toml'}",
            "run",
            str(document or f"{url}/openapi.json"),
            f"--url={url}",
            "--checks=all",
            f"--max-response-time={REQUEST_SECONDS}",
            f"--seed={SEED}",
            f"--max-examples={examples}",
            f"--request-timeout={REQUEST_SECONDS}",
            "--no-color",
            "--report=ndjson",
            f"--report-ndjson-path={folder / 'report.ndjson'}",
            *options,
        ],
        cwd=folder,
        env={**os.environ, **given, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def answers(report: Path) -> Iterator[tuple[str, int]]:
    """Every answer of a run: the operation, as `GET /path`, and the status."""
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, case in recorder.get("cases", {}).items():
            response = recorder.get("interactions", {}).get(name, {}).get("response")
            if response:
                value = case["value"]
                yield f"{value['method']} {value['path']}", response["status_code"]


def operations(client: httpx2.Client) -> dict[str, str]:
    """Operation ids by `GET /path`."""
    paths = client.get("/openapi.json").json()["paths"]
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in paths.items()
        for method, operation in item.items()
    }


def failed(report: Path) -> set[str]:
    """The checks that failed in a run."""
    recorders = (
        json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for line in report.read_text().splitlines()
    )
    return {
        check["name"]
        for recorder in recorders
        for checks in recorder.get("checks", {}).values()
        for check in checks
        if check["status"] == "failure"
    }
