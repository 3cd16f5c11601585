"""Items are applied together; bad ones are found by halving."""

from collections.abc import Sequence

import pytest

from groundwork_core.errors import Conflict, GroundworkError, Invalid, RightsChanged, Unavailable
from groundwork_core.jobs.apply_together import apply_together


class Store:
    """Applies numbers all together, unless one of them has an error."""

    def __init__(self, **errors: GroundworkError) -> None:
        self.errors = {int(name[1:]): error for name, error in errors.items()}
        self.calls: list[list[int]] = []
        self.applied: list[int] = []

    def __call__(self, some: Sequence[int]) -> list[str]:
        self.calls.append(list(some))
        for one in some:
            if one in self.errors:
                raise self.errors[one]
        self.applied += some
        return [f"did {one}" for one in some]


def test_good_items_take_one_call() -> None:
    store = Store()
    assert apply_together([1, 2, 3], store) == ["did 1", "did 2", "did 3"]
    assert store.calls == [[1, 2, 3]]


def test_no_items_take_no_call() -> None:
    store = Store()
    assert apply_together([], store) == []
    assert store.calls == []


@pytest.mark.parametrize("bad", range(100))
def test_one_bad_item_among_a_hundred_gets_its_error_and_the_others_are_applied(bad: int) -> None:
    store = Store(**{f"n{bad}": Invalid("bad")})
    outcomes = apply_together(range(100), store)
    assert outcomes[bad] is store.errors[bad]
    assert [outcomes[n] for n in range(100) if n != bad] == [
        f"did {n}" for n in range(100) if n != bad
    ]
    assert store.applied == [n for n in range(100) if n != bad]
    assert len(store.calls) <= 15


def test_each_bad_item_gets_its_own_error() -> None:
    store = Store(n0=Invalid("a"), n2=Conflict("b"))
    outcomes = apply_together([0, 1, 2], store)
    assert outcomes == [store.errors[0], "did 1", store.errors[2]]


def test_without_a_database_nothing_is_applied_and_the_caller_is_told() -> None:
    store = Store(n0=Unavailable("gone"))
    with pytest.raises(Unavailable):
        apply_together(range(100), store)
    assert store.applied == []
    assert len(store.calls) == 7


def test_items_after_one_that_is_unavailable_alone_are_not_tried() -> None:
    store = Store(n2=Unavailable("gone"))
    outcomes = apply_together(range(8), store)
    assert outcomes == ["did 0", "did 1"] + [store.errors[2]] * 6
    assert not {one for call in store.calls if len(call) == 1 for one in call} - {2}


def test_changed_rights_stop_everything() -> None:
    store = Store(n1=RightsChanged("less"))
    with pytest.raises(RightsChanged):
        apply_together([0, 1], store)
    assert store.calls == [[0, 1]]
