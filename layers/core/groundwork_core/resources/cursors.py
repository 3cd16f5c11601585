"""Signed cursors of lists."""

from __future__ import annotations

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.page import After, PageQuery

MAC_BYTES = 12
CURSOR_MAX = 8_192


class Cursors:
    """Writes and reads cursors, signed with a key shared by all environments."""

    def __init__(self, key: bytes) -> None:
        """`key` signs the cursors; those signed with another key are refused."""
        self._key = key

    def write(self, resource: str, query: PageQuery, last: str) -> str:
        """Return the cursor of the page after the item whose JSON is `last`."""
        item = json.loads(last)
        place = json.dumps([item[query.sort], item["id"]], separators=(",", ":")).encode()
        return urlsafe_b64encode(self._mac(resource, query, place) + place).decode().rstrip("=")

    def read(self, resource: str, query: PageQuery) -> After | None:
        """Return the place that the query's cursor stands for; None if the query has no cursor.

        Raises:
            Invalid: the cursor is not one of this list in this order.
        """
        text = query.cursor
        if text is None:
            return None
        if len(text) <= CURSOR_MAX and text.isascii():
            try:
                raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except (binascii.Error, ValueError):
                raw = b""
            place = raw[MAC_BYTES:]
            if hmac.compare_digest(self._mac(resource, query, place), raw[:MAC_BYTES]):
                value, id_ = json.loads(place)
                return After(value, id_)
        raise Invalid(
            "The cursor is invalid.",
            (Fault("/cursor", "is not the next_cursor of a page of this list in this order"),),
        )

    def _mac(self, resource: str, query: PageQuery, place: bytes) -> bytes:
        direction = "-" if query.descending else ""
        about = f"{resource}\n{direction}{query.sort}\n".encode()
        # Keyed BLAKE2 is a MAC and costs a thirtieth of OpenSSL's HMAC.
        return blake2b(about + place, key=self._key, digest_size=MAC_BYTES).digest()
