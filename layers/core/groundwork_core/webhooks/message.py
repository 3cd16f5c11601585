"""The message that an endpoint gets, and its signature (Standard Webhooks 1.0)."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.publishing.signatures import SECRET_PREFIX, signature_of

BODY_BYTES_MAX = 120_000
"""Endpoints often accept no more; of a larger item only `id` and `version` are sent."""
CONTENT_TYPE = "application/json"


def message_id(id_: UUID) -> str:
    """Return the `webhook-id` of a message, the same for all its attempts."""
    return f"msg_{id_.hex}"


def body_of(type_: str, happened_at: datetime, data: Mapping[str, JsonValue]) -> bytes:
    """Return the body of a message; the same for all its attempts."""
    body = _encoded(type_, happened_at, data)
    if len(body) <= BODY_BYTES_MAX:
        return body
    brief: dict[str, JsonValue] = {name: data.get(name) for name in ("id", "version")}
    return _encoded(type_, happened_at, {**brief, "truncated": True})


def headers_of(id_: UUID, body: bytes, keys: Sequence[bytes], now: datetime) -> dict[str, str]:
    """Return the headers of one attempt, signed with every key."""
    name, timestamp = message_id(id_), str(int(now.timestamp()))
    signatures = (f"v1,{signature_of(key, name, timestamp, body)}" for key in keys)
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def signing_key(secret: str) -> bytes:
    """Return the key in a secret. Secrets from before version 1 use the base64 URL alphabet."""
    text = secret.removeprefix(SECRET_PREFIX).replace("-", "+").replace("_", "/")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def _encoded(type_: str, happened_at: datetime, data: Mapping[str, JsonValue]) -> bytes:
    at = happened_at.isoformat().replace("+00:00", "Z")
    body = {"type": type_, "timestamp": at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
