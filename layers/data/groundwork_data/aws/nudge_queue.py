"""One message to one queue, without boto3.

A function that writes calls the relay now and then. Importing boto3 and making a client for that
costs such a function more than everything else in its cold start, so this sends the one request
itself: SQS' JSON protocol, signed with Signature Version 4, as
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html describes.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from groundwork_core.errors import Unavailable

if TYPE_CHECKING:
    from pydantic import JsonValue

TIMEOUT_SECONDS = 3
SERVICE = "sqs"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Credentials | None:
        """Read what Lambda sets; None where credentials come another way."""
        key = environment.get("AWS_ACCESS_KEY_ID")
        secret = environment.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return None
        return cls(key, secret, environment.get("AWS_SESSION_TOKEN"))


class NudgeQueue:
    """Implements `groundwork_core.queues.Queue` for a few small messages."""

    def __init__(
        self,
        url: str,
        region: str,
        credentials: Credentials,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the queue's URL, which also says where its service answers."""
        self._url = url
        self._region = region
        self._credentials = credentials
        self._now = now

    def send(self, messages: Sequence[Mapping[str, JsonValue]]) -> None:
        """Send each message.

        Raises:
            Unavailable: the service cannot be reached, or refuses.
        """
        where = urlsplit(self._url)
        secure = where.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(where.netloc, timeout=TIMEOUT_SECONDS)
        try:
            for message in messages:
                body = json.dumps(
                    {"QueueUrl": self._url, "MessageBody": json.dumps(message)}
                ).encode()
                connection.request("POST", "/", body, self.headers(where.netloc, body))
                answer = connection.getresponse()
                answer.read()
                if answer.status != http.client.OK:
                    raise Unavailable(f"The queue service answered {answer.status}.")
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable("The queue service cannot be reached.") from error
        finally:
            connection.close()

    def headers(self, host: str, body: bytes) -> dict[str, str]:
        """Return the headers of a request, its signature among them."""
        at = self._now().strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "content-type": "application/x-amz-json-1.0",
            "host": host,
            "x-amz-date": at,
            "x-amz-target": "AmazonSQS.SendMessage",
        }
        if self._credentials.session_token:
            signed["x-amz-security-token"] = self._credentials.session_token
        names = ";".join(sorted(signed))
        canonical = "\n".join(
            [
                "POST",
                "/",
                "",
                *(f"{name}:{signed[name]}" for name in sorted(signed)),
                "",
                names,
                hashlib.sha256(body).hexdigest(),
            ]
        )
        scope = f"{at[:8]}/{self._region}/{SERVICE}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
        key = f"AWS4{self._credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{self._credentials.access_key_id}/{scope}"
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names},"
            f" Signature={signature}"
        )
        return signed
