"""The cookie with a browser's device token.

Each account has its own cookie, so that several accounts can use one browser. It is sent to the
login only, and scripts cannot read it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from groundwork_core.identity.login_throttle import KNOWN

if TYPE_CHECKING:
    from groundwork_runtime.http.request import Request

PATH = "/api/v1/auth/login"
_NAME_DIGITS = 16


class DeviceCookie:
    """The device cookie of one account."""

    def __init__(self, email: str) -> None:
        """`email` is the normalized address of the account."""
        digest = hashlib.sha256(email.encode("utf-8", "surrogatepass")).hexdigest()
        self.name = f"gw_device_{digest[:_NAME_DIGITS]}"

    def sent_with(self, request: Request) -> str:
        """Return the value of the cookie in a request, or an empty string."""
        for part in request.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.name:
                return value
        return ""

    def holding(self, words: str, *, only_encrypted: bool) -> str:
        """Return the Set-Cookie header that sets the cookie to a device token."""
        seconds = int(KNOWN.total_seconds())
        secure = "; Secure" if only_encrypted else ""
        return (
            f"{self.name}={words}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
            f"{secure}"
        )
