"""Which engagements a program made without a person."""

from __future__ import annotations

import re

AUTOMATED = re.compile(
    r"bot\b|crawl|spider|slurp|scanner|preview|monitor|headless|phantom|safelinks|mimecast"
    r"|proofpoint|barracuda|\b(curl|wget|python|java|okhttp|go-http-client|libwww)\b",
    re.IGNORECASE,
)
"""Words in the User-Agents of crawlers, link previews, mail scanners and HTTP libraries."""


def is_automated(agent: str | None) -> bool:
    """Return whether an agent says that it is a program. One that is not given counts as human."""
    return agent is not None and AUTOMATED.search(agent) is not None
