"""MiniStack as it is, without the gate that `groundwork up` puts before it."""

import sys

import httpx2

from groundwork_command.services.home import Home
from groundwork_command.services.process import Child, Launch, wait_for
from groundwork_command.services.variables import service_variables

SERVICES = (
    "sqs,events,scheduler,secretsmanager,s3,sts,lambda,apigateway,cloudformation,iam,logs,"
    "cloudwatch,ssm"
)


def started(home: Home, python_path: str) -> tuple[Child, str]:
    """Start it; return its process and address. Functions and visitors come without a key."""
    port = home.port("emulator")
    own = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": "eu-central-1",
        "SERVICES": SERVICES,
        "S3_DATA_DIR": str(home.path / "s3"),
        "STATE_DIR": str(home.path / "ministack"),
        "TMPDIR": str(home.path),
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": "unix:///nonexistent",
        "PYTHONPATH": python_path,
    }
    command = [sys.executable, "-m", "ministack"]
    child = Child(Launch(command, home.path, home.logs / "emulator.log", service_variables(own)))

    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/_ministack/health").status_code == 200
        except httpx2.TransportError:
            return False

    failure = wait_for(answers, child, 60)
    assert failure is None, failure
    return child, f"http://127.0.0.1:{port}"
