"""Where the things that a template names are to be found outside AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Addresses:
    """Answers what CloudFormation would: the physical names behind logical ids.

    Attributes:
        queue_endpoint: Base of queue URLs, as `http://127.0.0.1:4566`; the URL of a queue is
            `<queue_endpoint>/<account>/<queue name>`, the shape that SQS and its emulators share.
        websocket_endpoint: What replaces `https://<api>.execute-api…/<stage>` of a WebSocket API.
        http_endpoint: The same for REST APIs.
        region: AWS region.
        account: AWS account, twelve digits.
        stack_name: First part of the names of queues that the template leaves unnamed.
        secrets: `SecretString` by secret id, for `{{resolve:secretsmanager:…}}`.
        secret_folder: Folder whose files are the template's secrets, named by the last part of a
            secret's name; a secret's id is then its file's address. None: secrets are AWS'.
        queue_urls: URLs by logical id where they do not follow the shape above.
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

    def queue_name(self, logical_id: str, given: str | None) -> str:
        """The queue's name: the template's own, else made from the stack's name."""
        return given or f"{self.stack_name}-{logical_id}"

    def queue_url(self, logical_id: str, name: str) -> str:
        """The URL at which the queue takes messages."""
        found = self.queue_urls.get(logical_id)
        return found or f"{self.queue_endpoint.rstrip('/')}/{self.account}/{name}"

    def secret_id(self, name: str) -> str:
        """By what the secret of this name is read."""
        if self.secret_folder is None:
            # The emulators make up the end of a secret's ARN, so it goes by its name.
            return name
        return (self.secret_folder / name.rpartition("/")[2]).as_uri()

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
