"""`sam deploy` as a user runs it, against an emulator of AWS."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import boto3

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv" / "sam" / "bin" / "sam"
Done: TypeAlias = "subprocess.CompletedProcess[str]"


@dataclass(frozen=True)
class Sam:
    """The SAM command line with the emulator as AWS."""

    endpoint: str
    build: Path

    def deploy(self, stage: str, *parameters: str, more: tuple[str, ...] = ()) -> Done:
        return self.run(
            "deploy",
            f"--config-file={ROOT / 'samconfig.toml'}",
            f"--config-env={stage}",
            f"--template-file={self.build / 'template.yaml'}",
            *more,
            "--parameter-overrides",
            *parameters,
        )

    def run(self, *arguments: str) -> Done:
        environment = {name: value for name, value in os.environ.items() if "CA_BUNDLE" not in name}
        environment |= {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "SAM_CLI_TELEMETRY": "0",
        }
        return subprocess.run(
            [str(SAM), *arguments],
            cwd=self.build,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def succeeded(done: Done) -> str:
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


def client(sam: Sam, service: str) -> Any:
    """Return a client of one service of the emulator."""
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=sam.endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
