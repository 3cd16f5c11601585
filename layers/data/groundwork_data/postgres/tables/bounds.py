"""Check constraints on the size of columns, so that every row fits into one response."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

JSON_BYTES_MAX = 1_000_000
PROVENANCE_BYTES_MAX = 500_000
ERROR_BYTES_MAX = 100_000
STATED_BY_BYTES_MAX = 5_000
ENCLOSURES_BYTES_MAX = 300_000
TEXTS_BYTES_MAX = 2_500_000
CONTENT_BYTES_MAX = 2_800_000
SHORT_BYTES = 400_000
"""Bytes of text that are below the limits even if each is escaped as `\\u0001`."""


def json_bound(column: str, most: int = JSON_BYTES_MAX) -> CheckConstraint:
    """Return the condition that limits the bytes of a JSON column, as Postgres writes it."""
    return CheckConstraint(f"octet_length({column}::text) <= {most}", name=f"{column}_bytes")


def text_bound(column: str, most: int) -> CheckConstraint:
    """Return the condition that limits the bytes of a text column in UTF-8."""
    return CheckConstraint(f"octet_length({column}) <= {most}", name=f"{column}_bytes")
