"""Estimate the age of a queue's oldest message, which SQS does not report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from groundwork_lambda_host.pollers.messages import Received


@dataclass(slots=True)
class _Seen:
    working: dict[str, float] = field(default_factory=dict)
    oldest_lately: float | None = None
    backlog_since: float | None = None


class Ages:
    """Records when received messages were sent.

    The age is that of the oldest message being processed or received since the last call; if
    messages wait and none is received, it is the time since that was first seen.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def received(self, queue: str, messages: Sequence[Received]) -> None:
        """Record that messages are being processed."""
        seen = self._seen.setdefault(queue, _Seen())
        for message in messages:
            seen.working[message.receipt] = message.sent_at
            if seen.oldest_lately is None or message.sent_at < seen.oldest_lately:
                seen.oldest_lately = message.sent_at

    def settled(self, queue: str, messages: Sequence[Received]) -> None:
        """Record that messages are done or were returned."""
        seen = self._seen.setdefault(queue, _Seen())
        for message in messages:
            seen.working.pop(message.receipt, None)

    def oldest_seconds(self, queue: str, *, waiting: int) -> float:
        """Return the age of the oldest message of a queue with `waiting` visible messages."""
        seen, now = self._seen.setdefault(queue, _Seen()), self._clock()
        known = [*seen.working.values()]
        if seen.oldest_lately is not None:
            known.append(seen.oldest_lately)
            seen.oldest_lately = None
        if not waiting:
            seen.backlog_since = None
        elif known or seen.backlog_since is None:
            seen.backlog_since = min([*known, now])
        if seen.backlog_since is not None:
            known.append(seen.backlog_since)
        return max(0.0, now - min(known)) if known and (waiting or seen.working) else 0.0
