"""The parameters of one SQL statement."""

from __future__ import annotations

from collections.abc import Sequence

Parameters = Sequence[object] | dict[str, object] | None
"""By place or by name."""
