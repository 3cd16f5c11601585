"""`sam deploy` of the unchanged template to LocalStack, which runs the functions as processes."""

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

from ..long.conftest import sam_build
from .conftest import ROOT, Sam, succeeded

pytestmark = [pytest.mark.long, pytest.mark.aws, pytest.mark.timeout(900)]

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


def test_the_functions_answer_and_reach_the_database(sam: Sam, database_url: str) -> None:
    succeeded(
        sam.deploy(
            "dev",
            "Stage=local",
            f"DatabaseUrl={database_url}",
            "Neo4jUri=bolt://127.0.0.1:9",
            "Neo4jPassword=none-is-needed",
        )
    )
    outputs = succeeded(
        sam.run("list", "stack-outputs", "--stack-name=groundwork-dev", "--output=json")
    )

    (api,) = (one["OutputValue"] for one in json.loads(outputs) if one["OutputKey"] == "ApiId")
    base = f"{sam.endpoint}/_aws/execute-api/{api}/local"
    assert httpx2.get(f"{base}/health/live", timeout=60).json() == {"status": "ok"}
    refused = httpx2.get(f"{base}/api/v1/sources", timeout=60)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    login = httpx2.post(
        f"{base}/api/v1/auth/login",
        json={"email": "nobody@example.test", "password": "not-the-password"},
        timeout=60,
    )
    assert login.status_code == 401, "the database was asked"
