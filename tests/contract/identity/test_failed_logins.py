"""Failed logins, counted by subject within a window."""

from datetime import timedelta

from groundwork_core.identity.login_throttle import Failures

from ..work import Work
from .rows import LATER, NOW


def test_failed_logins_are_counted_within_their_window(work: Work) -> None:
    after = LATER + timedelta(minutes=5)
    with work:
        work.login_failures.count(["a", "b"], NOW, LATER)
        work.login_failures.count(["a"], NOW + timedelta(minutes=1), after)
        assert work.login_failures.of(["a", "b", "c"]) == {
            "a": Failures(2, LATER),
            "b": Failures(1, LATER),
        }
        work.login_failures.count(["a"], LATER, after)
        assert work.login_failures.of(["a"]) == {"a": Failures(1, after)}


def test_failed_logins_are_cleared_and_known_subjects_are_kept(work: Work) -> None:
    with work:
        work.login_failures.count(["a", "b"], NOW, LATER)
        work.login_failures.clear("a")
        work.login_failures.keep("b", NOW)
        work.login_failures.keep("c", LATER)
        work.login_failures.clear("unknown")
        found = work.login_failures.of(["a", "b", "c"])
    assert found == {"b": Failures(1, NOW), "c": Failures(0, LATER)}
