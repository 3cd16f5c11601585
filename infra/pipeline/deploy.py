"""Deploy the output of `sam build` to one stage, with a build id of its own.

    make build
    .venv/bin/python infra/pipeline/deploy.py staging

Clients call an alias, which moves only when a function has a new version. A function has a new
version only if the template differs after SAM has expanded it; values of parameters do not count.
So the parameter BuildId is set to a hash of the build and of the parameters.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUILD = ROOT / ".aws-sam" / "build"
STAGES = ("dev", "staging", "prod")
ID_LENGTH = 10
"""SAM uses the first ten characters only."""


def build_id(build: Path, parameters: Sequence[str]) -> str:
    """Return the hash of the files of a build and of its parameters (`Name=value`).

    Raises:
        FileNotFoundError: nothing was built.
    """
    found = hashlib.sha256()
    files = sorted(path for path in build.rglob("*") if path.is_file())
    if not files:
        message = f"{build} is empty: run `make build` first"
        raise FileNotFoundError(message)
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(build)}\0{content}\n".encode())
    found.update("\n".join(sorted(parameters)).encode())
    return found.hexdigest()[:ID_LENGTH]


def parameters_of(config: Mapping[str, Any], stage: str, given: Sequence[str]) -> list[str]:
    """Return the parameters of a stage in samconfig.toml; those given replace them."""
    stated = config[stage]["deploy"]["parameters"]["parameter_overrides"]
    merged = dict(one.split("=", 1) for one in [*stated, *given])
    return [f"{name}={value}" for name, value in merged.items()]


def missing_secrets(stage: str, parameters: Sequence[str]) -> list[str]:
    """Return the secrets that the functions need and that do not exist. Create them first."""
    import boto3
    from botocore.exceptions import ClientError

    given = dict(one.split("=", 1) for one in parameters)
    wanted = []
    if given.get("DatabaseSecret") or not given.get("DatabaseUrl"):
        wanted.append(given.get("DatabaseSecret") or f"groundwork/{stage}/database")
    if not given.get("Neo4jPassword"):
        wanted.append(f"groundwork/{stage}/neo4j")
    client = boto3.session.Session().client("secretsmanager")
    missing = []
    for name in wanted:
        try:
            client.describe_secret(SecretId=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            missing.append(name)
    return missing


def command(stage: str, parameters: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the `sam deploy` command for a stage."""
    sam = ROOT / ".venv" / "sam" / "bin" / "sam"
    build = f"BuildId={build_id(BUILD, parameters)}"
    return [
        str(sam),
        "deploy",
        f"--config-env={stage}",
        "--parameter-overrides",
        *parameters,
        build,
        *more,
    ]


def main() -> int:
    """Run `sam deploy`; return its exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("stage", choices=STAGES)
    arguments.add_argument("parameters", nargs="*", help="Name=value, instead of samconfig.toml's")
    arguments.add_argument(
        "--approved", action="store_true", help="change prod without confirmation"
    )
    given = arguments.parse_args()
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    more = ["--no-confirm-changeset"] if given.approved else []
    parameters = parameters_of(config, given.stage, given.parameters)
    if missing := missing_secrets(given.stage, parameters):
        sys.stderr.write(f"create these secrets first: {', '.join(missing)} (docs/deployment.md)\n")
        return 1
    try:
        asked = command(given.stage, parameters, more)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(asked, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
