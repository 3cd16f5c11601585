"""Wake the relay after a commit."""

from __future__ import annotations

import logging
from collections.abc import Callable

from groundwork_core.queues import Queue
from groundwork_data.postgres.relay_lease import AwakeUntil

logger = logging.getLogger(__name__)

CALLED_SECONDS = 0.2
"""Time after a call in which no other is sent. A relay that was called looks for new rows for at
least ten times as long (its first promise)."""


class QueueNudge:
    """Implements `groundwork_core.outbox.Nudge` with a message to the relay's queue."""

    def __init__(self, awake: AwakeUntil, queue: Callable[[], Queue]) -> None:
        """`awake` knows whether the relay is awake; `queue` returns its queue."""
        self._awake = awake
        self._queue = queue

    def __call__(self) -> None:
        """Send a message unless the relay is awake. Never raises: the sweep finds the rows too."""
        try:
            if not self._awake.lasts():
                self._awake.call(
                    lambda: self._queue().send([{"reason": "committed"}]), CALLED_SECONDS
                )
        except Exception as error:  # the write is committed; only its delivery is later
            logger.warning("The relay could not be nudged: %s", error)
