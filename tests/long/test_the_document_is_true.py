"""A fuzzer reads /openapi.json and holds the API to every word of it.

schemathesis with all checks: no 5xx, only documented statuses, types and headers, answers as their
schemas say, wrong input refused, right input taken, no operation without its token, nothing left
after a delete. The seed is fixed, so that a failure comes again.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from groundwork_host.child_instance import Instance

from ..instances import environment_of, run

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_200)]
FUZZER = Path(__file__).parents[2] / ".venv" / "contract" / "bin" / "schemathesis"
FOLDER = Path(__file__).parent / "fuzzing"
EXAMPLES = 30
SEED = 20_260_131
ENDS_ITS_OWN_SESSION = "logOutEverywhere"
REACHED_AT_LEAST = 0.6
"""Of all operations, for the rest need what nobody can make up: passwords, documents, leases."""


def log_in(instance: Instance, email: str, password: str) -> httpx2.Client:
    body = {"email": email, "password": password}
    answer = httpx2.post(f"{instance.url}/api/v1/auth/login", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx2.Client(base_url=instance.url, headers=bearer, timeout=30)


@pytest.fixture(scope="module")
def admin(instance: Instance) -> Iterator[httpx2.Client]:
    with instance.client() as client:
        yield client


@pytest.fixture(scope="module")
def viewer(instance: Instance) -> Iterator[httpx2.Client]:
    arguments = ("user", "create", "--email", "viewer@example.org", "--role", "viewer")
    made = json.loads(run(*arguments, environment=environment_of(instance)).stdout)
    with log_in(instance, made["email"], made["password"]) as client:
        yield client


def fuzz(
    client: httpx2.Client,
    folder: Path,
    *options: str,
    document: str | None = None,
    examples: int = EXAMPLES,
) -> "subprocess.CompletedProcess[str]":
    """Run the fuzzer to its end; `folder` gets its report."""
    if not FUZZER.exists():
        pytest.fail("the fuzzer is not installed; `make test-long` installs it")
    url, me = str(client.base_url).rstrip("/"), client.get("/api/v1/me")
    assert me.status_code == 200, me.text
    return subprocess.run(
        [
            str(FUZZER),
            f"--config-file={FOLDER / 'schemathesis.toml'}",
            "run",
            document or f"{url}/openapi.json",
            f"--url={url}",
            f"--header=Authorization:{client.headers['Authorization']}",
            "--checks=all",
            f"--seed={SEED}",
            f"--max-examples={examples}",
            "--no-color",
            "--report=ndjson",
            f"--report-ndjson-path={folder / 'report.ndjson'}",
            *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(FOLDER), "FUZZER_USER_ID": me.json()["id"]},
        capture_output=True,
        text=True,
        check=False,
    )


def answers(report: Path) -> Iterator[tuple[str, int]]:
    """Every answer of a run: the operation, as `GET /path`, and the status."""
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, case in recorder.get("cases", {}).items():
            response = recorder["interactions"].get(name, {}).get("response")
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


def test_nothing_an_admin_can_send_makes_the_document_a_lie(
    admin: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(admin, tmp_path, f"--exclude-operation-id={ENDS_ITS_OWN_SESSION}")
    assert done.returncode == 0, done.stdout[-20_000:]

    # Not because the token had gone, and not by knocking at closed doors all the time.
    assert admin.get("/api/v1/me").status_code == 200
    named = operations(admin)
    good = {named[one] for one, status in answers(tmp_path / "report.ndjson") if status < 400}
    assert len(good) >= REACHED_AT_LEAST * len(named), sorted(set(named.values()) - good)
    assert {"createEntity", "changeEntity", "listEntities", "createSource", "graphql"} <= good


def test_nothing_a_viewer_can_send_makes_the_document_a_lie(
    viewer: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(viewer, tmp_path, f"--exclude-operation-id={ENDS_ITS_OWN_SESSION}")
    assert done.returncode == 0, done.stdout[-20_000:]

    assert viewer.get("/api/v1/me").status_code == 200
    statuses = {status for _, status in answers(tmp_path / "report.ndjson")}
    assert {200, 403} <= statuses


def lie(document: dict[str, Any], kind: str) -> None:
    entity = document["components"]["schemas"]["Entity"]
    page = document["paths"]["/api/v1/entities"]["get"]
    if kind == "a field of another type":
        entity["properties"]["version"]["type"] = "string"
    elif kind == "a status that is not there":
        del page["responses"]["422"]
    else:
        page["security"] = [{"bearer": []}]
        document["paths"]["/health/live"]["get"]["security"] = [{"bearer": []}]


@pytest.mark.parametrize(
    "kind",
    [
        "a field of another type",
        "a status that is not there",
        "an open door said to be closed",
    ],
)
def test_a_document_that_lies_is_found_out(admin: httpx2.Client, tmp_path: Path, kind: str) -> None:
    document = admin.get("/openapi.json").json()
    lie(document, kind)
    file = tmp_path / "lying.json"
    file.write_text(json.dumps(document))
    few = ("createEntity", "listEntities", "healthLive")
    chosen = [f"--include-operation-id={one}" for one in few]
    done = fuzz(admin, tmp_path, *chosen, document=str(file), examples=10)
    assert done.returncode == 1, done.stdout[-5_000:]


def test_ending_all_sessions_does_as_the_document_says(
    admin: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(admin, tmp_path, f"--include-operation-id={ENDS_ITS_OWN_SESSION}")
    assert done.returncode == 0, done.stdout[-20_000:]
    statuses = {status for _, status in answers(tmp_path / "report.ndjson")}
    assert 204 in statuses
