"""Errors of the graph."""

from __future__ import annotations

from groundwork_core.errors import Unavailable


class GraphUnavailable(Unavailable):
    """The graph cannot be reached or is overloaded."""


class GraphBehind(Unavailable):
    """The graph has not yet reached the requested position."""
