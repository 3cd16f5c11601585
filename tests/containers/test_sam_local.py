"""`sam local`, as README.md shows it, in a base image made here."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ..child_instance import free_port
from ..long.conftest import SAM, sam_build
from ..waiting import eventually
from .engine import ROOT, Engine, run

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(1800)]
MACHINE = os.uname().machine
GIVEN = [
    "Stage=local",
    f"Architecture={MACHINE}",
    "DatabaseUrl=postgresql://nobody@127.0.0.1:9/none",
    "Neo4jUri=bolt://127.0.0.1:9",
    "Neo4jPassword=none-is-needed",
]
EVENT = ROOT / "tests" / "events" / "http_get.json"


@pytest.fixture(scope="module")
def build(engine: Engine, base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build for the Python of the base, and the image that SAM looks for."""
    if not SAM.exists():
        pytest.skip("the SAM command line is not installed; `make test-containers` installs it")
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = engine.docker("run", "--rm", base, "python3", "-c", asked).strip()
    built = sam_build(
        tmp_path_factory.mktemp("sam") / "build", LAMBDA_PYTHON=version, LAMBDA_ARCHITECTURE=MACHINE
    )
    (runtime,) = set(re.findall(r"Runtime: (python[\d.]+)", (built / "template.yaml").read_text()))
    context = tmp_path_factory.mktemp("lambda")
    for name in ("lambda.Dockerfile", "bootstrap.sh"):
        shutil.copy(Path(__file__).parent / "standins" / name, context)
    shutil.copy(ROOT / "requirements" / "lambda.txt", context)
    repository = f"public.ecr.aws/lambda/{runtime.replace('python', 'python:')}"
    engine.build("lambda.Dockerfile", f"{repository}-{MACHINE}", context, BASE=base)
    return built


def command(build: Path, *arguments: str) -> list[str]:
    return [
        str(SAM), "local", *arguments, f"--template={build / 'template.yaml'}", "--skip-pull-image",
        "--parameter-overrides", *GIVEN,
    ]  # fmt: skip


def environment(engine: Engine) -> dict[str, str]:
    return {**engine.environment, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def api(engine: Engine, build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of `sam local start-api`."""
    port, log = free_port(), tmp_path_factory.mktemp("api") / "log"
    given = ("start-api", f"--port={port}", "--warm-containers=LAZY")
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command(build, *given),
            cwd=build,
            env=environment(engine),
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            httpx2.get(f"{url}/none", timeout=20)
        except httpx2.TransportError:
            return False
        return True

    try:
        assert eventually(answers, 240), log.read_text()[-3000:]
        yield url
    finally:
        process.send_signal(signal.SIGTERM)  # it ignores SIGINT in the background
        process.wait(timeout=60)
        print(log.read_text()[-3000:])


def test_the_api_is_served_from_the_functions_containers(api: str) -> None:
    assert httpx2.get(f"{api}/health/live", timeout=240).json() == {"status": "ok"}
    assert httpx2.get(f"{api}/openapi.json", timeout=240).json()["openapi"].startswith("3.1")
    refused = httpx2.get(f"{api}/api/v1/sources", timeout=240)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


def test_sam_local_runs_one_event(engine: Engine, build: Path, tmp_path: Path) -> None:
    event = json.loads(EVENT.read_text()) | {
        "path": "/health/live",
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    given = ("invoke", "RestApi", f"--event={tmp_path / 'event.json'}")
    answer = run(command(build, *given), cwd=build, env=environment(engine), timeout=600)
    found = json.loads(answer.strip().splitlines()[-1])
    assert (found["statusCode"], found["body"]) == (200, '{"status":"ok"}')
