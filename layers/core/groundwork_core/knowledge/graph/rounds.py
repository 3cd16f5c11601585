"""Is the graph what Postgres says? Asked all the time, a little at a time.

A round compares everything once, in short runs: each goes on where the last one stopped, wherever
that ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Drift = Mapping[str, int]
"""How many there are of each kind."""

Place = Mapping[str, object]
"""How far a round has come; only the comparison reads it. None: it is at its start."""


@dataclass(frozen=True, slots=True)
class Part:
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


class Comparison(Protocol):
    """Compares both stores."""

    def go_on(self, place: Place | None, may_go_on: Callable[[], bool]) -> Part:
        """Compare from a place on, while it may, but at least a little; then decide what is drift.

        Raises:
            Unavailable: one of the stores cannot be reached, or took too long.
        """
        ...


class Rounds(Protocol):
    """Remembers how far the round is, and what the last one found."""

    def claim(self, seconds: float) -> Claim | None:
        """Take the round under way for so long; None while another run has it."""
        ...

    def keep(self, claim: Claim, part: Part) -> None:
        """Write down what was compared, and let go. No more ours: it changes nothing."""
        ...

    def give_back(self, claim: Claim) -> None:
        """Let go of a claim with nothing compared."""
        ...

    def compared(self, drift: Drift) -> None:
        """Write down that all was compared at once; the round under way begins anew."""
        ...

    def verdict(self) -> Verdict:
        """Return what is known now."""
        ...
