"""Addresses, outside AWS, of the resources of a template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """Gives the physical names and addresses of resources, as CloudFormation would.

    Attributes:
        queue_endpoint: Base of queue URLs, such as `http://127.0.0.1:4566`; the URL of a queue is
            `<queue_endpoint>/<account>/<queue name>`, as for SQS and its emulators.
        websocket_endpoint: Replaces `https://<api>.execute-api…/<stage>` of a WebSocket API.
        http_endpoint: The same for REST APIs.
        region: AWS region.
        account: AWS account, twelve digits.
        stack_name: Prefix of the names of queues without a name in the template.
        secrets: `SecretString` by secret id, for `{{resolve:secretsmanager:…}}`.
        secret_folder: Folder with the template's secrets in files named by the last part of a
            secret's name; a secret's id is then a `file:` URL. None: Secrets Manager.
        queue_urls: URLs by logical id of queues that do not follow the form above.
        buckets: Names of buckets by logical id; or `file:` URLs of folders that stand for them.
    """

    queue_endpoint: str = "http://127.0.0.1:4566"
    websocket_endpoint: str = "http://127.0.0.1:8000/@live"
    http_endpoint: str = "http://127.0.0.1:8000"
    region: str = "us-east-1"
    account: str = "000000000000"
    stack_name: str = "groundwork"
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_folder: Path | None = None
    queue_urls: Mapping[str, str] = field(default_factory=dict)
    buckets: Mapping[str, str] = field(default_factory=dict)

    def queue_name(self, logical_id: str, given: str | None) -> str:
        """Return the queue's name: the template's, else one made from the stack's name."""
        return given or f"{self.stack_name}-{logical_id}"

    def queue_url(self, logical_id: str, name: str) -> str:
        """Return the URL of a queue."""
        found = self.queue_urls.get(logical_id)
        return found or f"{self.queue_endpoint.rstrip('/')}/{self.account}/{name}"

    def bucket(self, logical_id: str) -> str:
        """Return the name of a bucket, or the URL of the folder that stands for it."""
        return self.buckets.get(logical_id) or f"{self.stack_name}-{logical_id}".lower()

    def secret_id(self, name: str) -> str:
        """Return the id by which the secret of this name is read."""
        if self.secret_folder is None:
            # Emulators generate the end of a secret's ARN, so the name is used.
            return name
        return (self.secret_folder / name.rpartition("/")[2]).as_uri()

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
