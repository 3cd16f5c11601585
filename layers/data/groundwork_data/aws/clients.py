"""Clients of boto3, made when first needed: importing it costs more than most functions do.

Each from a session of its own, for making clients from the shared one is not safe in threads.
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
    """Make a client of SQS. `endpoint_url` None: AWS itself."""
    import boto3

    return boto3.session.Session().client(
        "sqs", region_name=region, endpoint_url=endpoint_url, config=_config()
    )


def secrets_manager(region: str, endpoint_url: str | None) -> SecretsManagerClient:
    """Make a client of Secrets Manager. `endpoint_url` None: AWS itself."""
    import boto3

    return boto3.session.Session().client(
        "secretsmanager", region_name=region, endpoint_url=endpoint_url, config=_config()
    )


def websocket_management(region: str, endpoint_url: str) -> ApiGatewayManagementApiClient:
    """Make a client of a WebSocket API's connections, at that API's own address."""
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
