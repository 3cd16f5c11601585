"""One transaction, as the use cases see it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from groundwork_core.outbox import Command


class Transaction(Protocol):
    """A unit of work: all of it happens, or nothing.

    Used as `with work:`. Leaving the block commits; an exception rolls back. After the commit
    `position` says which state of the truth includes these changes, and the relay is nudged.
    Each business area adds its stores in a Protocol of its own that extends this one
    (`sources.ports.SourcesWork`, …); the one real implementation has them all.
    """

    @property
    def position(self) -> str | None:
        """The outbox position of the last commit, for X-Groundwork-Position; None if none wrote."""
        ...

    def publish(self, *commands: Command) -> None:
        """Add commands to the outbox, in this transaction."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or roll back if there was an error."""
        ...
