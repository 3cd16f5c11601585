"""Create boto3 clients at first use, because importing boto3 takes longer than most functions do.

Each client has a session of its own, because the default session is not thread-safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from groundwork_data.aws.export_bucket import S3Client

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
FILE_TIMEOUT_SECONDS = 30
"""Seconds that S3 may be silent about a file of some megabytes."""
ATTEMPTS = 3


def sqs(region: str, endpoint_url: str | None) -> SQSClient:
    """Create a client of SQS. An `endpoint_url` of None means AWS."""
    import boto3

    return boto3.session.Session().client(
        "sqs", region_name=region, endpoint_url=endpoint_url, config=_config()
    )


def secrets_manager(region: str, endpoint_url: str | None) -> SecretsManagerClient:
    """Create a client of Secrets Manager. An `endpoint_url` of None means AWS."""
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


def s3(region: str, endpoint_url: str | None) -> S3Client:
    """Create a client of S3. `endpoint_url` None: AWS; others get the bucket in the path."""
    import boto3
    from botocore.config import Config

    client: S3Client = boto3.session.Session().client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        # Presigned by the old way, a URL of a bucket outside us-east-1 may be refused.
        config=_config(read_seconds=FILE_TIMEOUT_SECONDS).merge(
            Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint_url else "auto"},
            )
        ),
    )
    return client


def _config(connections: int = 10, read_seconds: int = READ_TIMEOUT_SECONDS) -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=connections,
    )
