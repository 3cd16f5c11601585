"""Rounds of the continuous comparison of the graph with Postgres.

A round compares everything once, in short runs. Each run continues where the last one stopped,
whichever machine it is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Drift = Mapping[str, int]
"""Number of differences of each kind."""

Place = Mapping[str, object]
"""The progress of a round, which only the comparison reads. None: at its start."""


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """The part of a round that one run compared."""

    place: Place
    drift: Drift
    last: bool
    """True if the round is complete."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The current round, claimed by one run until a time."""

    until: datetime
    place: Place | None
    drift: Drift
    """The drift that earlier runs of this round found."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The drift that is currently known, and since when."""

    drift: Drift
    """Drift of the last complete round, or of the current one if that found more."""
    round_seconds: float
    """Duration of the last complete round; 0 before the first."""
    age_seconds: float
    """Time since that round ended, or since the first one began."""
