"""The process of an embedded service: its id, whether it runs, and how it stops."""

from groundwork_command.services.process import Child


class ServerProcess:
    """Base of the services; implements the part of `Service` that is about their process."""

    stop_seconds = 10.0
    """Time that the process gets to stop; then it is killed."""

    def __init__(self) -> None:
        self._child: Child | None = None

    @property
    def pids(self) -> list[int]:
        """The process id, if the process runs."""
        return [self._child.pid] if self._child is not None and self._child.alive() else []

    @property
    def child(self) -> Child | None:
        """The server's process; None if stopped."""
        return self._child

    def alive(self) -> bool:
        """Return whether the server process runs."""
        return self._child is not None and self._child.alive()

    def stop(self) -> None:
        """Stop the process; does nothing if it is stopped."""
        if self._child is not None:
            self._child.stop(self.stop_seconds)
            self._child = None
