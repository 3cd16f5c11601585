"""Sign and verify by the text of Standard Webhooks 1.0, not by the code under test.

What is verified, the official library verifies as well.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

TOLERANCE_SECONDS = 300


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


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> Any:
    """The body of a message, after the official library and `verify` have found it good.

    Raises AssertionError if they disagree, and the library's error if neither finds it good.
    """
    ours = verify(secret, headers, body)
    try:
        event = Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError:
        assert not ours, "the library refuses what the specification allows"
        raise
    assert ours, "the library takes what the specification does not allow"
    return event


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify as the text of Standard Webhooks 1.0 says: any signature of version 1 will do."""
    id_, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(int(timestamp) - datetime.now(UTC).timestamp()) > TOLERANCE_SECONDS:
        return False
    content = id_.encode() + b"." + timestamp.encode() + b"." + body
    key = b64decode(secret.removeprefix("whsec_"))
    expected = b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    stated = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(kind == "v1" and hmac.compare_digest(one, expected) for kind, one in stated)
