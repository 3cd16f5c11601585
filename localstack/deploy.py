"""Deploy template.yaml to an AWS emulator through CloudFormation.

    sam build
    AWS_ENDPOINT_URL=http://127.0.0.1:4566 .venv/bin/python localstack/deploy.py Stage=local …

Arguments are parameters of the template.
"""

import os
import sys
from pathlib import Path

from groundwork_command.emulator_bootstrap.deploy import deploy
from groundwork_lambda_host.aws import AwsSettings

BUILD = Path(__file__).parents[1] / ".aws-sam" / "build"


def main(arguments: list[str]) -> None:
    """Deploy the stack and print its outputs."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    settings = AwsSettings(os.environ.get("AWS_REGION", "eu-central-1"), endpoint, "test", "test")
    parameters = dict(one.split("=", 1) for one in arguments)
    deployed = deploy(BUILD, settings, stack_name="groundwork-local", parameters=parameters)
    for name, value in deployed.outputs.items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
