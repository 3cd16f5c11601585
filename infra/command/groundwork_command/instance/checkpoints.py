"""How far a long command has come, in a file of the state folder, so that a kill costs little."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork_command.services.home import Home

if TYPE_CHECKING:
    from groundwork_data.graph.check import Check

EVERY_SECONDS = 1.0
OLDEST_SECONDS = 24 * 3600.0


class Checkpoint:
    """The place of one command on one pair of databases."""

    def __init__(self, home: Home, command: str, of: str) -> None:
        """`of` names the databases: a place in others is of no use."""
        self._home = home
        self._path: Path = home.path / f"graph-{command}.json"
        self._of = of
        self._kept_at = float("-inf")

    def begun(self) -> "Check | None":
        """Return what was interrupted less than a day ago; None: begin at the start."""
        from groundwork_data.graph.check import Check  # loads the data layer

        try:
            kept = json.loads(self._path.read_text())
            if kept["of"] != self._of or time.time() - kept["at"] > OLDEST_SECONDS:
                return None
            return Check.from_json(kept["check"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def keep(self, check: "Check") -> None:
        """Write it down, once a second at most."""
        if time.monotonic() - self._kept_at < EVERY_SECONDS:
            return
        self._home.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"of": self._of, "at": time.time(), "check": check.as_json()})
        self._home.write_private(self._path, text)
        self._kept_at = time.monotonic()

    def over(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)
