"""Create the queues and secrets of template.yaml on an AWS emulator.

As an init hook of a LocalStack or MiniStack container (mount the repository and put infra/command
and infra/lambda_host on PYTHONPATH), or by hand:

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 .venv/bin/python localstack/bootstrap.py
    GROUNDWORK_SIGNING_KEY=…   value of the signing key, if it has none yet
"""

import os
import sys
from pathlib import Path

from groundwork_command.emulator_bootstrap import bootstrap
from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.template import Addresses, load

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Create what is missing, and print what was created."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    region = os.environ.get("AWS_REGION", "eu-central-1")
    stage = os.environ.get("GROUNDWORK_ENV", "local")
    parameters = {"Stage": stage, "DatabaseUrl": "unused", "Neo4jPassword": "unused"}
    addresses = Addresses(queue_endpoint=endpoint, region=region)
    stack = load(ROOT / "template.yaml", parameters, addresses)
    settings = AwsSettings(region, endpoint, "test", "test")
    key = os.environ.get("GROUNDWORK_SIGNING_KEY")
    made = bootstrap(stack, settings, secrets={"SigningKey": key} if key else {})
    sys.stdout.write(f"created {', '.join((*made.queues, *made.secrets)) or 'nothing'}\n")


if __name__ == "__main__":
    main()
