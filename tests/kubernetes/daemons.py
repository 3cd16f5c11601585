"""Programs that run until they are stopped, each with a log in one folder."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 60.0


@dataclass
class Daemons:
    """Running programs; `environment` is theirs, and None that of this process."""

    folder: Path
    environment: Mapping[str, str] | None = None
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program; its output goes to `name`.log."""
        with self.log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                list(command), stdout=log, stderr=log, env=self.environment
            )

    def log(self, name: str) -> Path:
        """Return the log of a program."""
        return self.folder / f"{name}.log"

    def check(self) -> None:
        """Raise RuntimeError with the end of its log if a program has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = self.log(name).read_text(errors="replace")[-2000:]
                message = f"{name} ended with {process.returncode}:\n{said}"
                raise RuntimeError(message)

    def stop(self, *names: str) -> None:
        """Stop the named programs, or all; the last one started first."""
        for name in reversed(names or tuple(self._running)):
            process = self._running.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
