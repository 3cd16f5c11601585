"""Read and write secrets in AWS Secrets Manager, with boto3."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from groundwork_core.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SecretsManager:
    """Implements `groundwork_core.identity.ports.Secrets`."""

    def __init__(self, client: Callable[[], SecretsManagerClient]) -> None:
        """`client` creates the client at its first use."""
        self._api = cache(client)

    def read(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            NotFound: the secret does not exist or has no value yet.
            Unavailable: the service cannot be reached or refuses access.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

        try:
            response = self._api().get_secret_value(SecretId=secret_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise NotFound("The secret does not exist.") from None
            raise Unavailable("Secrets cannot be read.") from error
        except BotoCoreError as error:
            raise Unavailable("Secrets cannot be read.") from error
        return response["SecretString"]

    def write(self, secret_id: str, text: str) -> None:
        """Set a secret's text; create the secret if it does not exist.

        Raises:
            Unavailable: the service cannot be reached or refuses access.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

        try:
            try:
                self._api().put_secret_value(SecretId=secret_id, SecretString=text)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                    raise
                self._api().create_secret(Name=secret_id, SecretString=text)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("Secrets cannot be written.") from error
