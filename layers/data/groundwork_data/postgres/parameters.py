"""The type of an SQL statement's parameters."""

from __future__ import annotations

from collections.abc import Sequence

Parameters = Sequence[object] | dict[str, object] | None
"""Positional or named."""
