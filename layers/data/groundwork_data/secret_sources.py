"""Read secrets from files or from AWS, depending on their ids."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_data.aws.signed_request import AwsCredentials
from groundwork_data.identity.secret_files import SCHEME, SecretFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundwork_core.identity.ports import SecretSource


class SecretSources:
    """Implements `groundwork_core.identity.ports.SecretSource`.

    An id that is a `file:` URL names a file; any other id is a name in Secrets Manager.
    """

    def __init__(self, region: str, endpoint: str | None, environment: Mapping[str, str]) -> None:
        """`environment` may have the credentials of AWS; an `endpoint` of None means AWS."""
        self._region = region
        self._endpoint = endpoint
        self._environment = environment

    def read(self, secret_id: str) -> str:
        """Return a secret's text; raises NotFound or Unavailable."""
        if secret_id.startswith(SCHEME):
            return SecretFiles().read(secret_id)
        return self._aws.read(secret_id)

    @cached_property
    def _aws(self) -> SecretSource:
        """Secrets Manager, without boto3 if credentials are in environment variables."""
        credentials = AwsCredentials.from_environment(self._environment)
        if credentials is not None:
            from groundwork_data.aws.secret_reader import SecretReader

            return SecretReader(self._endpoint, self._region, credentials)
        from groundwork_data.aws import clients
        from groundwork_data.aws.secrets import SecretsManager

        return SecretsManager(lambda: clients.secrets_manager(self._region, self._endpoint))
