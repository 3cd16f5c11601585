"""Create boto3 clients at first use, because importing boto3 costs more than most functions.

Each client has a session of its own, because the default session is not thread-safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
ATTEMPTS = 3


def sqs(region: str, endpoint_url: str | None) -> SQSClient:
    """Create a client of SQS. `endpoint_url` None: AWS."""
    import boto3

    return boto3.session.Session().client(
        "sqs", region_name=region, endpoint_url=endpoint_url, config=_config()
    )


def secrets_manager(region: str, endpoint_url: str | None) -> SecretsManagerClient:
    """Create a client of Secrets Manager. `endpoint_url` None: AWS."""
    import boto3

    return boto3.session.Session().client(
        "secretsmanager", region_name=region, endpoint_url=endpoint_url, config=_config()
    )


def websocket_management(region: str, endpoint_url: str) -> ApiGatewayManagementApiClient:
    """Create a client of a WebSocket API's management API, at `endpoint_url`."""
    import boto3

    return boto3.session.Session().client(
        "apigatewaymanagementapi",
        region_name=region,
        endpoint_url=endpoint_url,
        config=_config(connections=32),
    )


def _config(connections: int = 10) -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=connections,
    )
