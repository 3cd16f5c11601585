"""The cookie by which a browser's device is known when somebody logs in again.

Each account has a cookie of its own, so that several may use one browser. It goes to the login
only, and no script can read it.
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
    """The cookie of one account."""

    def __init__(self, email: str) -> None:
        """Take the account's address, in its normal form."""
        digest = hashlib.sha256(email.encode("utf-8", "surrogatepass")).hexdigest()
        self.name = f"gw_device_{digest[:_NAME_DIGITS]}"

    def sent_with(self, request: Request) -> str:
        """Return what a request has of it, or nothing."""
        for part in request.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.name:
                return value
        return ""

    def holding(self, words: str, *, only_encrypted: bool) -> str:
        """Return the header that sets it."""
        seconds = int(KNOWN.total_seconds())
        secure = "; Secure" if only_encrypted else ""
        return (
            f"{self.name}={words}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
            f"{secure}"
        )
