"""What can go wrong only here."""

from __future__ import annotations

from groundwork_core.errors import Unavailable


class GraphUnavailable(Unavailable):
    """The graph cannot be reached, or is too busy."""


class GraphBehind(Unavailable):
    """The graph has not yet had the position that the caller asked for."""
