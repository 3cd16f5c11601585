"""Create the queues, redrive policies, secrets and buckets of template.yaml on an emulator.

Safe to repeat and to run concurrently: existing resources stay. In particular, a secret that has a
value is never overwritten, because one of them signs access tokens.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.template import Queue, Stack

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


OLDEST_REGION = "us-east-1"
"""The default region of S3, which CreateBucket refuses as an explicit location."""


class BucketClient(Protocol):
    """The methods of boto3's S3 client that are used."""

    def list_buckets(self) -> Mapping[str, list[Mapping[str, str]]]:
        """Return `Buckets`, each with its `Name`."""
        ...

    def create_bucket(self, **given: object) -> object:
        """Create a bucket."""
        ...


@dataclass(frozen=True, slots=True)
class CreatedResources:
    """The resources that were missing and were created: logical ids, and names of buckets."""

    queues: tuple[str, ...]
    secrets: tuple[str, ...]
    buckets: tuple[str, ...] = ()


def bootstrap(
    stack: Stack,
    settings: AwsSettings,
    *,
    secrets: Mapping[str, str],
    buckets: Sequence[str] = (),
) -> CreatedResources:
    """Create the missing queues, secrets and buckets of a stack on an emulator. Blocks.

    Args:
        stack: The stack that the template describes.
        settings: Address of the emulator.
        secrets: Values of secrets by logical id; a secret without a value here is skipped.
        buckets: Names of buckets.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: The emulator does not
            response, or refuses a request.
    """
    import boto3  # takes 0.8 s
    from botocore.config import Config

    session = boto3.Session(
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
    )
    queues = make_queues(session.client("sqs", endpoint_url=settings.endpoint), stack.queues)
    manager = session.client("secretsmanager", endpoint_url=settings.endpoint)
    made = [
        secret.logical_id
        for secret in stack.secrets
        if secret.logical_id in secrets
        and make_secret(manager, secret.name, secrets[secret.logical_id], secret.description)
    ]
    if not buckets:
        return CreatedResources(queues, tuple(made))
    # In the path: an emulator's name has no subdomains.
    by_path = Config(s3={"addressing_style": "path"})
    storage = session.client("s3", endpoint_url=settings.endpoint, config=by_path)
    missing = tuple(name for name in buckets if make_bucket(storage, name, settings.region))
    return CreatedResources(queues, tuple(made), missing)


def make_queues(client: "SQSClient", queues: Sequence[Queue]) -> tuple[str, ...]:
    """Create missing queues, dead letter queues first; return their logical ids."""
    by_id = {queue.logical_id: queue for queue in queues}
    ordered = sorted(queues, key=lambda queue: queue.dead_letter is not None)
    made = []
    for queue in ordered:
        attributes: dict[QueueAttributeNameType, str] = {
            "VisibilityTimeout": str(queue.visibility_seconds),
            "MessageRetentionPeriod": str(queue.retention_seconds),
        }
        if queue.dead_letter is not None:
            policy = {
                "deadLetterTargetArn": by_id[queue.dead_letter.queue].arn,
                "maxReceiveCount": queue.dead_letter.max_receive_count,
            }
            attributes["RedrivePolicy"] = json.dumps(policy)
        if not _exists(client, queue.name):
            client.create_queue(QueueName=queue.name, Attributes=attributes)
            made.append(queue.logical_id)
        else:
            client.set_queue_attributes(QueueUrl=queue.url, Attributes=attributes)
    return tuple(made)


def make_secret(
    client: "SecretsManagerClient", name: str, value: str, description: str = ""
) -> bool:
    """Store a secret unless it has a value; return whether it was stored."""
    try:
        client.create_secret(Name=name, SecretString=value, Description=description)
    except client.exceptions.ResourceExistsException:
        if _has_value(client, name):
            return False
        client.put_secret_value(SecretId=name, SecretString=value)
    return True


def make_bucket(client: BucketClient, name: str, region: str) -> bool:
    """Create a bucket unless it is there; return whether it was created."""
    held = {one["Name"] for one in client.list_buckets()["Buckets"]}
    if name in held:
        return False
    place = {} if region == OLDEST_REGION else {"LocationConstraint": region}
    client.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
    return True


def _has_value(client: "SecretsManagerClient", name: str) -> bool:
    """Return whether a secret has a value: CloudFormation creates secrets without one."""
    try:
        found = client.get_secret_value(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    return bool({"SecretString", "SecretBinary"} & set(found))


def _exists(client: "SQSClient", name: str) -> bool:
    try:
        client.get_queue_url(QueueName=name)
    except client.exceptions.QueueDoesNotExist:
        return False
    return True
