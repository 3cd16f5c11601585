"""What the server of the ingestion benchmark sees of bad manners."""

from benchmarks.ingestion.manners import Manners


class Clock:
    """Stands still until a test moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def visit(manners: Manners, clock: Clock, *at: float, status: int = 200) -> None:
    """Make requests of one host that take a tenth of a second each."""
    for begins in at:
        clock.now = begins
        manners.begins("a.example", "/feed")
        clock.now += 0.1
        manners.ends("a.example", status)


def test_one_request_after_the_other_with_a_pause_is_good() -> None:
    clock = Clock()
    manners = Manners(clock)
    visit(manners, clock, 0.0, 1.2, 5.0)
    seen = manners.seen
    assert (seen.most_of_one_host, seen.gaps, seen.short_gaps) == (1, 2, 0)


def test_a_pause_of_less_than_a_second_is_seen() -> None:
    clock = Clock()
    manners = Manners(clock)
    visit(manners, clock, 0.0, 0.6, 2.0)
    assert (manners.seen.short_gaps, manners.seen.gaps) == (1, 2)
    assert manners.seen.shortest_gap is not None
    assert round(manners.seen.shortest_gap, 3) == 0.5


def test_the_request_that_a_redirect_asks_for_needs_no_pause() -> None:
    clock = Clock()
    manners = Manners(clock)
    visit(manners, clock, 0.0, status=301)
    visit(manners, clock, 0.1)
    assert manners.seen.gaps == 0


def test_two_requests_of_a_host_at_a_time_are_seen() -> None:
    manners = Manners(Clock())
    manners.begins("a.example", "/1")
    manners.begins("b.example", "/1")
    assert (manners.seen.most_of_one_host, manners.seen.most_of_all) == (1, 2)
    manners.begins("a.example", "/2")
    assert manners.seen.most_of_one_host == 2
