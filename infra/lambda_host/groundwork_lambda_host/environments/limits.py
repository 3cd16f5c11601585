"""Limits of the environments of one function."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the environments and waiting events of a pool.

    Attributes:
        least: Minimum number of environments, started in advance.
        most: Maximum number; one caller keeps at most half of them busy.
        wait_line: Maximum number of waiting events; beyond it the longest line drops its newest.
        idle_seconds: A spare environment is stopped after this time without an event.
        init_seconds: Timeout of importing the handler.
    """

    least: int = 1
    most: int = 2
    wait_line: int = 2048
    idle_seconds: float = 300.0
    init_seconds: float = 30.0
