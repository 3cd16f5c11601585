"""A fetch whose queue message was lost is announced again, and only then."""

from typing import TYPE_CHECKING

from groundwork_core.sources.claim_due import claim_due
from groundwork_core.sources.start_watching import CLAIM_SECONDS
from groundwork_core.sources.sweep import sweep_fetches

if TYPE_CHECKING:
    from tests.integration.core.sources.conftest import Path

FEED = "https://feed.example/rss"
WAITING_SECONDS = 120


def sweep(path: "Path") -> int:
    return sweep_fetches(WAITING_SECONDS, work=path.work(), clock=path.clock)


def test_a_lost_fetch_is_announced_again_with_its_ticket(path: "Path") -> None:
    path.add(FEED)
    (lost,) = path.due()
    path.clock.forward(seconds=WAITING_SECONDS + 1)
    assert sweep(path) == 1
    assert [due["ticket"] for due in path.due()] == [lost["ticket"]] * 2


def test_a_lost_fetch_is_announced_once_per_wait(path: "Path") -> None:
    path.add(FEED)
    assert sweep(path) == 0
    path.clock.forward(seconds=WAITING_SECONDS + 1)
    assert sweep(path) == 1
    assert sweep(path) == 0
    path.clock.forward(seconds=WAITING_SECONDS + 1)
    assert sweep(path) == 1


def test_without_the_sweep_a_lost_fetch_waits_until_its_claim_expires(path: "Path") -> None:
    """With the guard disabled."""
    path.add(FEED)
    path.clock.forward(seconds=WAITING_SECONDS + 1)
    assert claim_due(work=path.work(), clock=path.clock) == 0
    path.clock.forward(seconds=CLAIM_SECONDS)
    assert claim_due(work=path.work(), clock=path.clock) == 1
