"""Apply items in one transaction; if it fails, find out which of them made it fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from groundwork_core.errors import GroundworkError, RightsChanged, Unavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def apply_together(
    items: Sequence[Item], apply: Callable[[Sequence[Item]], Sequence[Outcome]]
) -> list[Outcome | GroundworkError]:
    """Return the outcome of each item, or the error that prevented it.

    Items whose transaction fails are applied in two halves, and so on: one bad item among a hundred
    takes about fourteen transactions. If an item alone is Unavailable, the items after it get the
    same error and are not tried.

    Args:
        items: what to apply, in this order.
        apply: applies some items in one transaction, or none of them if it raises.

    Raises:
        RightsChanged: nothing was applied.
        Unavailable: nothing was applied.
    """
    done: list[Outcome | GroundworkError] = []
    waiting = [items] if items else []
    while waiting:
        some = waiting.pop()
        try:
            done += apply(some)
        except RightsChanged:
            raise
        except GroundworkError as error:
            if len(some) > 1:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
            elif not isinstance(error, Unavailable):
                done.append(error)
            elif done:
                return done + [error] * (len(items) - len(done))
            else:
                raise
    return done
