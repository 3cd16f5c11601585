"""Address and credentials of AWS or an emulator."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """Address and credentials of AWS or an emulator; None leaves a value to boto3."""

    region: str
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
