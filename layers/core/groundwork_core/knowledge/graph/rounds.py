"""Is the graph what Postgres says? Asked all the time, a little at a time.

A round compares everything once, in short runs: each goes on where the last one stopped, wherever
that ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Drift = Mapping[str, int]
"""How many there are of each kind."""

Place = Mapping[str, object]
"""How far a round has come; only the comparison reads it. None: it is at its start."""


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """What a run has compared."""

    place: Place
    drift: Drift
    last: bool
    """Nothing is left to compare: the round is over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The round under way, one run's alone until a moment."""

    until: datetime
    place: Place | None
    drift: Drift
    """What the runs before have found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the graph now."""

    drift: Drift
    """Of the last whole round; more where the one under way has found more. Empty: never asked."""
    round_seconds: float
    """How long the last whole round took, 0 before the first."""
    age_seconds: float
    """How long ago that one ended, or the first one began."""
