"""Sign as a publisher does, by the text of Standard Webhooks 1.0, not by the code under test."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime


def signed(secret: str, id_: str, body: str, *, seconds: int = 0) -> dict[str, str]:
    """Headers of a message that is sent so many seconds from now."""
    timestamp = str(int(datetime.now(UTC).timestamp()) + seconds)
    key = b64decode(secret.split("_")[1])
    content = ".".join((id_, timestamp, body)).encode()
    signature = b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
