"""The port of transactions."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from groundwork_core.outbox import Command


class Transaction(Protocol):
    """A unit of work, committed completely or rolled back.

    Used as `with work:`. The end of the block commits; an exception rolls back. After the commit
    the relay is nudged, and `position` is the outbox position of the changes. Each area extends
    this Protocol with its stores (`sources.ports.SourcesWork`, …); one class implements them all.
    """

    @property
    def position(self) -> str | None:
        """Outbox position of the last commit, for X-Groundwork-Position; None without changes."""
        ...

    def publish(self, *commands: Command) -> None:
        """Add commands to the outbox, in this transaction."""
        ...

    def __enter__(self) -> Self:
        """Begin a transaction."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or roll back if there was an error."""
        ...
