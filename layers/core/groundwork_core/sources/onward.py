"""The rest of a poll after a redirect to another host."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Onward:
    """The next address of a poll that is at another host, and the poll's state so far."""

    url: str
    redirects: int = 0
    """Redirects of this poll so far."""
    requests: int = 0
    """Requests of this poll so far."""
    moved_to: str | None = None
    """The URL to which the permanent redirects before it led."""
    permanent: bool = True
    """True if all redirects so far are permanent."""

    @classmethod
    def read(cls, stored: JsonValue) -> Onward | None:
        """Parse what `as_json` returned; None for anything else."""
        if not isinstance(stored, dict):
            return None
        url, moved_to = stored.get("url"), stored.get("moved_to")
        redirects, requests = stored.get("redirects"), stored.get("requests")
        if not isinstance(url, str):
            return None
        return cls(
            url,
            redirects if isinstance(redirects, int) else 0,
            requests if isinstance(requests, int) else 0,
            moved_to if isinstance(moved_to, str) else None,
            stored.get("permanent") is True,
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the state as JSON."""
        return {
            "url": self.url,
            "redirects": self.redirects,
            "requests": self.requests,
            "moved_to": self.moved_to,
            "permanent": self.permanent,
        }
