"""Detect engagements that a program made without a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

Reason = Literal["agent", "soon", "many_links"]
AUTOMATED = re.compile(
    r"bot\b|crawl|spider|slurp|scanner|preview|monitor|headless|phantom|safelinks|mimecast"
    r"|proofpoint|barracuda|\b(curl|wget|python|java|okhttp|go-http-client|libwww)\b",
    re.IGNORECASE,
)
"""Words in the User-Agents of crawlers, link previews, mail scanners and HTTP libraries."""
ACTS = frozenset({"opened", "clicked"})
"""Kinds that a person does; deliveries and bounces are always the work of programs."""
SOON_SECONDS = 2
"""Mail scanners open a message and follow its links as it arrives; no person is as fast."""
AT_ONCE_SECONDS = 1
LINKS_AT_ONCE = 3
"""Different links of one distribution that a scanner follows within AT_ONCE_SECONDS."""


class Click(BaseModel):
    """A click of one recipient on a link."""

    id: UUID
    at: datetime
    link: str


@dataclass(frozen=True, slots=True)
class Span:
    """The time from the first to the last act of a recipient in a batch."""

    distribution_id: UUID
    recipient: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Time of a recipient's delivery, and the stored clicks around a span."""

    delivered_at: datetime | None
    clicks: tuple[Click, ...]


def is_program(agent: str | None) -> bool:
    """Return whether an agent is a known program. A missing agent counts as a person."""
    return agent is not None and AUTOMATED.search(agent) is not None


def is_soon(at: datetime, delivered_at: datetime | None) -> bool:
    """Return whether an act came within SOON_SECONDS of the delivery.

    An act shortly before the delivery counts too, because the clocks of the publisher and of the
    counter differ.
    """
    return delivered_at is not None and abs((at - delivered_at).total_seconds()) < SOON_SECONDS


def many_at_once(clicks: Iterable[Click]) -> set[UUID]:
    """Return those clicks of a recipient that reach LINKS_AT_ONCE links within moments."""
    ordered = sorted(clicks, key=lambda one: one.at)
    found: set[UUID] = set()
    first = 0
    links: dict[str, int] = {}
    for last, click in enumerate(ordered):
        links[click.link] = links.get(click.link, 0) + 1
        while (click.at - ordered[first].at).total_seconds() > AT_ONCE_SECONDS:
            gone = ordered[first].link
            links[gone] -= 1
            if not links[gone]:
                del links[gone]
            first += 1
        if len(links) >= LINKS_AT_ONCE:
            found |= {one.id for one in ordered[first : last + 1]}
    return found


@dataclass(frozen=True, slots=True)
class Act:
    """The facts about an engagement that the rules need."""

    id: UUID
    kind: str
    agent: str | None
    at: datetime
    link: str | None


def reasons(acts: Sequence[Act], known: Known) -> Mapping[UUID, Reason]:
    """Return why engagements and stored clicks of a recipient are automated, by id.

    Engagements that are not automated are left out.
    """
    clicks = [
        Click.model_construct(id=one.id, at=one.at, link=one.link)
        for one in acts
        if one.link is not None and one.kind in ACTS
    ]
    there = {one.id for one in clicks}
    clicks += [one for one in known.clicks if one.id not in there]
    found: dict[UUID, Reason] = dict.fromkeys(many_at_once(clicks), "many_links")
    for one in acts:
        if is_program(one.agent):
            found[one.id] = "agent"
        elif one.kind in ACTS and is_soon(one.at, known.delivered_at):
            found[one.id] = "soon"
    return found
