"""Rules on sizes: how many bytes of a thing's row go into an answer (migration 0030)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

JSON_BYTES_MAX = 1_000_000
PROVENANCE_BYTES_MAX = 500_000
ERROR_BYTES_MAX = 100_000
ENCLOSURES_BYTES_MAX = 300_000
TEXTS_BYTES_MAX = 2_500_000
CONTENT_BYTES_MAX = 2_800_000
SHORT_BYTES = 400_000
"""Of text that takes less than the limits even where each byte is written as `\\u0001`."""


def json_bound(column: str, most: int = JSON_BYTES_MAX) -> CheckConstraint:
    """Bound a JSON column, as Postgres writes it."""
    return CheckConstraint(f"octet_length({column}::text) <= {most}", name=f"{column}_bytes")


def text_bound(column: str, most: int) -> CheckConstraint:
    """Bound a text column, in UTF-8."""
    return CheckConstraint(f"octet_length({column}) <= {most}", name=f"{column}_bytes")
