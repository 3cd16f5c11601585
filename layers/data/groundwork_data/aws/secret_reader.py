"""Read secrets from AWS Secrets Manager, without boto3."""

from __future__ import annotations

import http.client
import json

from groundwork_core.errors import NotFound, Unavailable
from groundwork_data.aws.signed_request import AwsCredentials, AwsService

NOT_FOUND = "ResourceNotFoundException"


class SecretReader:
    """Implements `groundwork_core.identity.ports.SecretSource`."""

    def __init__(self, endpoint: str | None, region: str, credentials: AwsCredentials) -> None:
        """`endpoint` is the address of the service; None means AWS."""
        self._service = AwsService(
            endpoint or f"https://secretsmanager.{region}.amazonaws.com",
            "secretsmanager",
            "application/x-amz-json-1.1",
            region,
            credentials,
        )

    def read(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            NotFound: the secret does not exist or has no value yet.
            Unavailable: the service cannot be reached or refuses access.
        """
        status, body = self._service.call("secretsmanager.GetSecretValue", {"SecretId": secret_id})
        if status == http.client.OK:
            text: str = json.loads(body)["SecretString"]
            return text
        if NOT_FOUND.encode() in body:
            raise NotFound("The secret does not exist.")
        raise Unavailable(f"Secrets cannot be read: the service responded with {status}.")
