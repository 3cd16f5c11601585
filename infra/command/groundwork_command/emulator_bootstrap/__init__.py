"""Makes what template.yaml names on an AWS emulator: queues with their redrive, and secrets.

Safe to run any number of times, and by several at once: what exists stays as it is. Above all a
secret that has a value is never overwritten, since access tokens are signed with one of them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_lambda_host.aws import AwsSettings
from groundwork_lambda_host.template import Queue, Stack

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


@dataclass(frozen=True, slots=True)
class Made:
    """What was missing and has been made, by logical id."""

    queues: tuple[str, ...]
    secrets: tuple[str, ...]


def bootstrap(stack: Stack, settings: AwsSettings, *, secrets: Mapping[str, str]) -> Made:
    """Make the queues and secrets of `stack` at the emulator that `settings` names. Blocks.

    Args:
        stack: What the template asks for.
        settings: Where the emulator is.
        secrets: The values of secrets by logical id; one without a value here is left out.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: The emulator does not
            answer, or refuses.
    """
    import boto3  # 0.8 s that only callers pay

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
    return Made(queues, tuple(made))


def make_queues(client: "SQSClient", queues: Sequence[Queue]) -> tuple[str, ...]:
    """Make the queues that are missing, dead letter queues first; tells their logical ids."""
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
    """Store a secret unless one of that name has a value; tells whether it did."""
    try:
        client.create_secret(Name=name, SecretString=value, Description=description)
    except client.exceptions.ResourceExistsException:
        if _has_value(client, name):
            return False
        client.put_secret_value(SecretId=name, SecretString=value)
    return True


def _has_value(client: "SecretsManagerClient", name: str) -> bool:
    """CloudFormation makes secrets without one; what services say then differs."""
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
