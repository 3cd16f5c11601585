"""Send forms to hubs, under the same rules as fetching."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.web.message_poster import MessagePoster

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HubClient:
    """Implements `AskHub`."""

    def __init__(self, allowed: AllowedTargets) -> None:
        """`allowed` are the targets that may be reached although they are not public."""
        self._post = MessagePoster(allowed)

    def __call__(self, hub: str, form: Mapping[str, str]) -> int | None:
        """Return the status of the response, or None if there was none."""
        outcome, _ = self._post(hub, FORM, urlencode(form).encode())
        return outcome.status
