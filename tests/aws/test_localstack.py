"""`sam deploy` of the unchanged template to LocalStack, which runs the functions as processes."""

import gzip
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from groundwork_command.instance import accounts
from groundwork_command.instance.safe import Safe
from groundwork_data.aws.secrets import SecretsManager

from ..long.conftest import sam_build
from .conftest import ROOT, Sam, client, succeeded

pytestmark = [pytest.mark.long, pytest.mark.aws, pytest.mark.timeout(900)]

EMAIL, PASSWORD = "admin@localhost.test", "a-long-enough-password"
VENV = ROOT / ".venv" / "localstack"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    if not (VENV / "bin" / "python").exists():
        pytest.skip("LocalStack is not installed: run `make test-aws`, which needs Python 3.13")
    folder = tmp_path_factory.mktemp("localstack")
    build = sam_build(
        folder / "build", LAMBDA_PYTHON="3.13", LAMBDA_ARCHITECTURE=os.uname().machine
    )
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["localstack/run", str(VENV), str(ROOT / ".venv" / "sam")],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if "CA_BUNDLE" not in name},
                "LOCALSTACK_PORT": str(port),
                "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/_localstack/health", process, folder / "log")
        yield Sam(f"http://127.0.0.1:{port}", build)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.3)
    pytest.fail(log.read_text()[-3000:])


@pytest.fixture(scope="module")
def api(sam: Sam, module_database_url: str) -> str:
    """The URL of the deployed API, whose database has an admin and whose secret has a key."""
    succeeded(
        sam.deploy(
            "dev",
            "Stage=local",
            f"DatabaseUrl={module_database_url}",
            "Neo4jUri=bolt://127.0.0.1:9",
            "Neo4jPassword=none-is-needed",
        )
    )
    outputs = succeeded(
        sam.run("list", "stack-outputs", "--stack-name=groundwork-dev", "--output=json")
    )
    addresses = {"DATABASE_URL": module_database_url}
    safe = Safe(
        SecretsManager(lambda: client(sam, "secretsmanager")), "groundwork/local/signing-key"
    )
    accounts.ensure_signing_key(addresses, safe)
    accounts.make_first_admin(addresses, EMAIL, PASSWORD)
    (found,) = (one["OutputValue"] for one in json.loads(outputs) if one["OutputKey"] == "ApiId")
    return f"{sam.endpoint}/_aws/execute-api/{found}/local"


def resource(sam: Sam, logical_id: str) -> str:
    found = client(sam, "cloudformation").describe_stack_resource(
        StackName="groundwork-dev", LogicalResourceId=logical_id
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def test_the_deployed_functions_respond_and_reach_the_database(api: str) -> None:
    assert httpx2.get(f"{api}/health/live", timeout=60).json() == {"status": "ok"}
    refused = httpx2.get(f"{api}/api/v1/sources", timeout=60)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    wrong = {"email": EMAIL, "password": "not-the-password"}
    login = httpx2.post(f"{api}/api/v1/auth/login", json=wrong, timeout=60)
    assert login.status_code == 401, "the database was asked"


def test_an_export_is_written_to_the_bucket_of_the_stack(sam: Sam, api: str) -> None:
    given = {"email": EMAIL, "password": PASSWORD}
    login = httpx2.post(f"{api}/api/v1/auth/login", json=given, timeout=60)
    assert login.status_code == 200, login.text
    bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
    with httpx2.Client(base_url=f"{api}/api/v1", headers=bearer, timeout=60) as admin:
        new = {"name": "Tidewater", "type": "organization", "confidence": 1}
        assert admin.post("/entities", json=new).status_code == 201
        schedule = admin.post("/schedules", json={
            "name": "Entities",
            "schedule": {"kind": "cron", "expression": "0 2 1 1 *", "timezone": "UTC"},
            "action": {"export": {"resource": "entities"}},
        })  # fmt: skip
        assert schedule.status_code == 201, schedule.text
        path = f"/schedules/{schedule.json()['id']}"
        assert admin.post(f"{path}/run").status_code < 300
        # LocalStack's free edition stores schedules and does not run them.
        done = client(sam, "lambda").invoke(FunctionName=resource(sam, "Exports"), Payload=b"{}")
        assert "FunctionError" not in done, done["Payload"].read()
        (run,) = admin.get(f"{path}/runs").json()["items"]
        assert run["status"] == "succeeded", run
        export = admin.get(f"/exports/{run['id']}").json()

    kept = client(sam, "s3").list_objects_v2(Bucket=resource(sam, "ExportBucket"))["Contents"]
    assert run["result"]["export"]["key"] in {one["Key"] for one in kept}
    file = httpx2.get(export["files"][0]["url"], timeout=60)
    assert [json.loads(line)["name"] for line in gzip.decompress(file.content).splitlines()] == [
        "Tidewater"
    ]
