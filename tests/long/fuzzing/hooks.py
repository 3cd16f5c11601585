"""Hooks of the fuzzer: log in again, keep the things of others, and sign what must be signed."""

import hashlib
import hmac
import json
import os
import re
from base64 import b64decode, b64encode
from pathlib import Path
from time import time
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import schemathesis

RIGHT_KEY = re.compile(r"[!-~]{1,255}")
SESSION: dict[str, str] = json.loads(os.environ["FUZZER_SESSION"])
"""`token`, and if it may log in again, `url`, `email` and `password`."""
TOKEN_SECONDS = 240
"""An access token is used so long; it is valid for some minutes more."""
OWN: dict[str, str] = json.loads(Path(os.environ["FUZZER_OWN"]).read_text())
"""The only operation that may change a thing, by its id: others would take it from that one.

The fuzzer tries each operation with the ids that it saw in any response. The user of its token
belongs to no operation: a fuzzer that removes or disables it can call nothing afterwards."""
PUBLISHER_SECRET = os.environ.get("FUZZER_PUBLISHER_SECRET", "")
SIGNED = "/api/v1/deliveries/callbacks"


@schemathesis.auth(refresh_interval=TOKEN_SECONDS)
class Session:
    """The user's access token, which ends sooner than a run on a busy machine."""

    asked = False

    def get(self, _case: Any, _context: Any) -> str:
        """Return the token that was given, later one of a new login."""
        if not Session.asked or "password" not in SESSION:
            Session.asked = True
            return SESSION["token"]
        body = json.dumps({name: SESSION[name] for name in ("email", "password")}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(SESSION["url"], body, headers), timeout=60) as answer:  # noqa: S310 - loopback
            token: str = json.load(answer)["access_token"]
        return token

    def set(self, case: Any, data: str, _context: Any) -> None:
        """Send the token with a request."""
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook  # type: ignore[untyped-decorator]  # it is in an environment of its own
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Leave the things of others alone, and the cursor out of what is meant to be right."""
    parameters = case.path_parameters or {}
    place = f"{case.method.upper()} {case.path}"
    if case.method.upper() not in ("GET", "HEAD"):
        for name, value in parameters.items():
            if OWN.get(str(value), place) != place:
                parameters[name] = str(uuid4())
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    # A cursor is signed: one that is made up is never right, though its schema says text.
    if positive and case.query:
        case.query.pop("cursor", None)
    if positive and case.path == SIGNED and PUBLISHER_SECRET:
        _sign(case)
    # A key that was used before answers as it did then, or refuses another body, whatever else the
    # request says. Keys that are wrong in themselves stay.
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and RIGHT_KEY.fullmatch(str(value)):
            case.headers[name] = str(uuid4())


def _sign(case: Any) -> None:
    """Sign the body as Standard Webhooks 1.0 says; the fuzzer writes JSON as `json.dumps` does."""
    id_, timestamp = f"msg_{uuid4().hex}", str(int(time()))
    content = f"{id_}.{timestamp}.{json.dumps(case.body)}".encode()
    key = b64decode(PUBLISHER_SECRET.removeprefix("whsec_"))
    signature = b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    case.headers = case.headers or {}
    case.headers["webhook-id"] = id_
    case.headers["webhook-timestamp"] = timestamp
    case.headers["webhook-signature"] = f"v1,{signature}"
