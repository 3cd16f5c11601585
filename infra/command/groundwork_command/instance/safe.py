"""The store of the template's secrets: local files, elsewhere Secrets Manager."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_command.services.home import Home

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from groundwork_core.identity.ports import Secrets
    from groundwork_lambda_host.aws import AwsSettings

SIGNING_KEY = "signing-key"
DATA_KEYS = "data-keys"
WORKER_KEY = "worker-key"


@dataclass(frozen=True)
class Safe:
    """A secret store and the id of one secret in it."""

    secrets: "Secrets"
    secret_id: str


def secret_name(stage: str, name: str) -> str:
    """Return the full name of a secret, as in the template."""
    return f"groundwork/{stage}/{name}"


def safe_of(name: str, stage: str, home: Home, aws: "AwsSettings") -> Safe:
    """Return where a secret is stored: locally a private file, elsewhere Secrets Manager.

    The local emulator is never used, since it does not protect secrets.
    """
    if stage == "local":
        from groundwork_data.identity.secret_files import SecretFiles

        return Safe(SecretFiles(), (home.secrets / name).as_uri())
    import boto3  # takes 0.8 s

    from groundwork_data.aws.secrets import SecretsManager

    def client() -> "SecretsManagerClient":
        return boto3.client(
            "secretsmanager",
            endpoint_url=aws.endpoint,
            region_name=aws.region,
            aws_access_key_id=aws.access_key_id,
            aws_secret_access_key=aws.secret_access_key,
        )

    return Safe(SecretsManager(client), secret_name(stage, name))
