"""Progress of a long command, saved in the state folder so that it can be resumed."""

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
    """Saved progress of one command on one pair of databases."""

    def __init__(self, home: Home, command: str, of: str) -> None:
        """`of` identifies the databases; progress on other databases is ignored."""
        self._home = home
        self._path: Path = home.path / f"graph-{command}.json"
        self._of = of
        self._saved_at = float("-inf")

    def load(self) -> "Check | None":
        """Return progress saved less than a day ago, or None."""
        from groundwork_data.graph.check import Check  # loads the data layer

        try:
            saved = json.loads(self._path.read_text())
            if saved["of"] != self._of or time.time() - saved["at"] > OLDEST_SECONDS:
                return None
            return Check.from_json(saved["check"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save(self, check: "Check") -> None:
        """Save the progress, at most once a second."""
        if time.monotonic() - self._saved_at < EVERY_SECONDS:
            return
        self._home.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"of": self._of, "at": time.time(), "check": check.as_json()})
        self._home.write_private(self._path, text)
        self._saved_at = time.monotonic()

    def remove(self) -> None:
        """Delete the saved progress."""
        self._path.unlink(missing_ok=True)
