"""How many bytes the body of a request may have, by what it is for.

A gateway takes 10 MB from anybody. What a route has no use for is refused before it is decoded:
JSON takes up to a hundred times its bytes once it is values.
"""

from __future__ import annotations

CREDENTIALS_BYTES_MAX = 16 * 1024
"""Of bodies that anybody may send without an account: addresses, passwords, tokens."""
ONE_BYTES_MAX = 1024 * 1024
"""Of one thing."""
TEXT_BYTES_MAX = 6 * 1024 * 1024
"""Of one thing with long texts: a million characters, each written as `\\u00e9`."""
MANY_BYTES_MAX = 10 * 1024 * 1024
"""Of many things in one request; a gateway takes no more."""
CONTAINERS_MAX = 200_000
"""Objects and arrays in one body: small ones take far more memory than their bytes."""


class ContentTooLarge(Exception):
    """The body has more bytes than this route takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"This takes a body of at most {most:,} bytes.")
