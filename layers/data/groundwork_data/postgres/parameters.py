"""The parameters of SQL statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Parameters = Sequence[object] | dict[str, Any] | None
"""Positional or named."""


def array_literal(items: Iterable[str | None]) -> str:
    """Write texts, or NULL for None, as a literal of a Postgres array."""
    return "{" + ",".join("NULL" if item is None else _quoted(item) for item in items) + "}"


def _quoted(item: str) -> str:
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
