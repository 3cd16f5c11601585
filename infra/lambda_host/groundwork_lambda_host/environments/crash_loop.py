"""Failures of a function's environments in a row, and the pause before the next start."""

from groundwork_lambda_host.environments.invocation import LambdaError

_LONGEST_PAUSE_SECONDS = 30.0
_SHORTEST_PAUSE_SECONDS = 0.25


class CrashLoop:
    """Counts starts and events that ended an environment, until one goes well."""

    def __init__(self) -> None:
        self._failures = 0
        self._fault: LambdaError | None = None

    def crashed(self) -> None:
        """Count an environment that ended while it ran an event."""
        self._failures += 1

    def failed_to_start(self, fault: LambdaError) -> None:
        """Count a failed start, and keep its reason."""
        self._failures += 1
        self._fault = fault

    def started(self) -> None:
        """Forget the reason of the last failed start; only a handled event ends the loop."""
        self._fault = None

    def forget(self) -> None:
        """Forget all failures: an environment handled an event, or all are replaced."""
        self._failures = 0

    @property
    def running(self) -> bool:
        """True if the last event or start failed."""
        return self._failures > 0

    @property
    def fault(self) -> LambdaError | None:
        """The reason why no environment can start now; None if one may."""
        return self._fault if self._failures else None

    @property
    def pause_seconds(self) -> float:
        """Seconds before the next start; they double with each failure."""
        # The first replacement starts at once: a single event may have killed a working handler.
        if self._failures <= 1:
            return 0.0
        doublings = min(self._failures - 2, 16)
        return min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS * float(2**doublings))
