"""Compare a part of Postgres with the graph, and return the drift found so far."""

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
    may_go_on: Callable[[], bool] = lambda: True,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Continue the current round, unless another run is doing so, and return the verdict.

    If the graph cannot be reached, the round is left unchanged.

    Args:
        seconds: the time for comparing; confirming drift takes additional time.
        lasts_seconds: the maximum duration of this run. If this run is killed, other runs wait
            for this time before they continue.
        rounds: the stored state of the round.
        comparison: compares the stores.
        may_go_on: asked after each slice; comparing ends early once it returns False.
        stopwatch: a monotonic clock in seconds.

    Raises:
        Unavailable: the round cannot be read.
    """
    ends = stopwatch() + seconds
    claim = rounds.claim(lasts_seconds)
    if claim is not None:
        try:
            part = comparison.go_on(claim.place, lambda: stopwatch() < ends and may_go_on())
        except Unavailable as error:
            log.warning("The graph could not be compared: %s", error.detail)
            rounds.give_back(claim)
        else:
            drift = Counter(claim.drift)
            drift.update(part.drift)
            rounds.keep(claim, ComparedPart(part.place, drift, part.last))
    return rounds.verdict()
