"""Where AWS, or its emulator, is."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """Where the service is; empty values leave it to boto3."""

    region: str
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
