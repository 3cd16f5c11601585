"""Limits on the size of request bodies, by kind of operation.

The gateway accepts 10 MB from anyone. Larger bodies than an operation needs are rejected before
they are decoded: decoded JSON takes up to a hundred times its size.
"""

from __future__ import annotations

CREDENTIALS_BYTES_MAX = 16 * 1024
"""Bodies of unauthenticated requests: addresses, passwords, tokens."""
ONE_BYTES_MAX = 1024 * 1024
"""Bodies with one resource."""
TEXT_BYTES_MAX = 6 * 1024 * 1024
"""Bodies with one resource that has long texts: a million characters, each as `\\u00e9`."""
MANY_BYTES_MAX = 10 * 1024 * 1024
"""Bodies with many resources; the limit of the gateway."""
CONTAINERS_MAX = 200_000
"""Objects and arrays in one body; small ones take much more memory than bytes."""


class ContentTooLarge(Exception):
    """The body exceeds the limit of the operation."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The body must have at most {most:,} bytes.")
