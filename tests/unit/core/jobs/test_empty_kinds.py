"""Repeated leases of kinds that have no job."""

import pytest

from groundwork_core.jobs import empty_kinds
from groundwork_core.jobs.empty_kinds import EmptyKinds

from .workers import Workers


@pytest.fixture
def tries(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls so far: `lease` for each try to lease by one statement."""
    tried: list[str] = []
    lease = workers.quick.lease

    def counted(*given: object) -> list[str]:
        tried.append("lease")
        return lease(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(workers.quick, "lease", counted)
    return tried


def test_only_the_first_of_several_empty_leases_tries_to_lease(
    workers: Workers, tries: list[str]
) -> None:
    assert [workers.lease() for _ in range(5)] == [[]] * 5
    assert tries == ["lease"]


def test_without_the_memory_each_empty_lease_tries_to_lease(
    workers: Workers, tries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.empty, "has", lambda _kinds: False)
    for _ in range(5):
        workers.lease()
    assert len(tries) == 5


def test_a_job_that_is_added_after_empty_leases_is_leased_at_once(workers: Workers) -> None:
    for _ in range(3):
        assert workers.lease() == []
    added = workers.add()
    assert workers.one().id == added


def test_an_expired_lease_is_leased_again_after_empty_leases(workers: Workers) -> None:
    added = workers.add()
    workers.one(seconds=10)
    for _ in range(3):
        assert workers.lease() == []
    workers.clock.pass_by(seconds=10)
    assert workers.one().id == added


def test_kinds_count_as_empty_together_and_whatever_their_order() -> None:
    empty = EmptyKinds()
    empty.remember(["a", "b"], found=False)
    assert empty.has(["b", "a"])
    assert not empty.has(["a"])
    empty.remember(("b", "a"), found=True)
    assert not empty.has(["a", "b"])


def test_a_client_with_many_kinds_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(empty_kinds, "REMEMBERED_MAX", 3)
    empty = EmptyKinds()
    for number in range(10):
        empty.remember([f"kind-{number}"], found=False)
    assert sum(empty.has([f"kind-{number}"]) for number in range(10)) <= 3
    assert empty.has(["kind-9"])
