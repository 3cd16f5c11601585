"""Read robots.txt with Protego."""

from __future__ import annotations

import re

from protego import Protego

WILDCARDS_MAX = 2
"""Wildcards of one rule. Protego makes a regular expression of a rule, and each further wildcard
multiplies the work for a long address."""
_RULE = re.compile(r"^(\s*(dis)?allow\s*:)([^#]*)", re.IGNORECASE)


def allows(text: str, url: str, agent: str) -> bool:
    """Return whether robots.txt lets a program with this name fetch a URL."""
    return bool(Protego.parse(_tame(text)).can_fetch(url, agent))


def crawl_delay(text: str, agent: str) -> float | None:
    """Return the seconds of the Crawl-delay for a program with this name."""
    found = Protego.parse(_tame(text)).crawl_delay(agent)
    return float(found) if found is not None and found > 0 else None


def _tame(text: str) -> str:
    return "\n".join(map(_tamed, text.removeprefix("\ufeff").splitlines()))


def _tamed(line: str) -> str:
    """Shorten a rule with many wildcards so that it refuses more; remove a rule that allows."""
    rule = _RULE.match(line)
    if rule is None or rule[3].count("*") <= WILDCARDS_MAX:
        return line
    if not rule[2]:
        return ""
    kept = "*".join(rule[3].split("*")[:WILDCARDS_MAX])
    return f"{rule[1]}{kept}*"
