"""Compare a little more of both stores, and say what is known of them."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from groundwork_core.errors import Unavailable
from groundwork_core.knowledge.graph.ports import Comparison, Rounds
from groundwork_core.knowledge.graph.rounds import ComparedPart, Verdict

log = logging.getLogger(__name__)


def check_drift(
    seconds: float,
    *,
    lasts_seconds: float,
    rounds: Rounds,
    comparison: Comparison,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Go on with the round under way, unless another run does, and return what is known then.

    A graph that cannot be reached leaves the round where it is.

    Args:
        seconds: how long to compare; deciding what is drift comes on top.
        lasts_seconds: how long this run may last at most. If it is killed, the next one waits
            until then.
        rounds: where the round is kept.
        comparison: what compares.
        stopwatch: seconds of a clock that only goes forward.

    Raises:
        Unavailable: the round cannot be read.
    """
    ends = stopwatch() + seconds
    claim = rounds.claim(lasts_seconds)
    if claim is not None:
        try:
            part = comparison.go_on(claim.place, lambda: stopwatch() < ends)
        except Unavailable as error:
            log.warning("The graph could not be compared: %s", error.detail)
            rounds.give_back(claim)
        else:
            drift = Counter(claim.drift)
            drift.update(part.drift)
            rounds.keep(claim, ComparedPart(part.place, drift, part.last))
    return rounds.verdict()
