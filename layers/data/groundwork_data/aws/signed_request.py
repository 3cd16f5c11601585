"""Send one signed request to AWS, without boto3.

Importing boto3 and creating a client costs more than everything else in a function's cold start.
Two calls are on that path (nudging the relay, reading the signing key), so they use this module:
AWS' JSON protocol, signed with Signature Version 4, as described in
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from groundwork_core.errors import Unavailable

if TYPE_CHECKING:
    from pydantic import JsonValue

TIMEOUT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """The credentials that sign a request."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AwsCredentials | None:
        """Read the environment variables that Lambda sets; None if they are not set."""
        key = environment.get("AWS_ACCESS_KEY_ID")
        secret = environment.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return None
        return cls(key, secret, environment.get("AWS_SESSION_TOKEN"))


@dataclass(frozen=True, slots=True)
class AwsService:
    """A service of AWS: its address, and how its requests are named and signed."""

    endpoint: str
    name: str
    protocol: str
    """`application/x-amz-json-1.0` or `-1.1`."""
    region: str
    credentials: AwsCredentials
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def call(self, target: str, arguments: Mapping[str, JsonValue]) -> tuple[int, bytes]:
        """Call `target` (e.g. `AmazonSQS.SendMessage`); return the status and body of the response.

        Raises:
            Unavailable: the service cannot be reached.
        """
        where = urlsplit(self.endpoint)
        secure = where.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(where.netloc, timeout=TIMEOUT_SECONDS)
        body = json.dumps(arguments).encode()
        try:
            connection.request("POST", "/", body, self.headers(target, where.netloc, body))
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"The service {self.name} cannot be reached.") from error
        finally:
            connection.close()

    def headers(self, target: str, host: str, body: bytes) -> dict[str, str]:
        """Return the headers of a request, including its signature."""
        at = self.now().strftime("%Y%m%dT%H%M%SZ")
        signed = {
            "content-type": self.protocol,
            "host": host,
            "x-amz-date": at,
            "x-amz-target": target,
        }
        if self.credentials.session_token:
            signed["x-amz-security-token"] = self.credentials.session_token
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
        scope = f"{at[:8]}/{self.region}/{self.name}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
        key = f"AWS4{self.credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{self.credentials.access_key_id}/{scope}"
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names},"
            f" Signature={signature}"
        )
        return signed
