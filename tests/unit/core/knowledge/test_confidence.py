"""An entity's confidence follows from its statements, by one rule."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from groundwork_core.knowledge.confidence import combined, weigh, weigh_left
from groundwork_core.knowledge.standing import Standing

RULE: list[tuple[tuple[float, ...], float | None, float | None]] = [
    ((), None, None),
    ((), 0.3, 0.3),
    ((0.9,), None, 0.9),
    ((0.9, 0.9), None, 0.99),
    ((0.5, 0.5, 0.5), None, 0.875),
    ((0.5,), 0.5, 0.75),
    ((0.0,), None, 0.0),
    ((0.0, 0.7), None, 0.7),
    ((1.0, 0.2), None, 1.0),
    ((0.2,), 1.0, 1.0),
    ((0.1,) * 20, None, 0.878423345),
    ((0.999999,) * 20, None, 1.0),
]


@pytest.mark.parametrize(("by_source", "said", "expected"), RULE)
def test_the_combined_confidence_follows_the_formula(
    by_source: tuple[float, ...], said: float | None, expected: float | None
) -> None:
    assert combined(by_source, said) == expected


def test_the_order_of_sources_makes_no_difference() -> None:
    assert len({combined(one, 0.3) for one in permutations((0.11, 0.62, 0.907, 0.33))}) == 1


def test_another_source_never_lowers_a_confidence() -> None:
    for n in range(101):
        value = combined((0.4, n / 100), None)
        assert value is not None
        assert 0.4 <= value <= 1


class Store:
    """Standings in memory; some are locked by another transaction."""

    def __init__(self, *known: Standing, locked: Collection[UUID] = ()) -> None:
        self.known = {one.entity_id: one for one in known}
        self.locked = set(locked)

    def standings(self, ids: Collection[UUID]) -> list[Standing]:
        return [self.known[one] for one in ids if one in self.known]

    def lock_free(self, ids: Collection[UUID]) -> set[UUID]:
        return set(ids) - self.locked

    def lock(self, ids: Collection[UUID]) -> set[UUID]:
        return set(ids) & set(self.known)

    def join(self, one: UUID, into: UUID) -> None:
        raise AssertionError("no test of this file merges entities")

    def set_confidences(self, computed: Sequence[tuple[UUID, float]]) -> None:
        for entity, value in computed:
            self.known[entity] = replace(self.known[entity], confidence=value)


def standing(confidence: float, *by_source: float, is_set: bool = False) -> Standing:
    return Standing(uuid4(), confidence, is_set, None, by_source)


def test_confidences_are_recomputed_unless_a_client_set_them() -> None:
    raised, same, by_client = (
        standing(0.5, 0.5, 0.5),
        standing(0.5, 0.5),
        standing(0.1, 0.9, is_set=True),
    )
    unstated = standing(0.4)
    store = Store(raised, same, by_client, unstated)
    assert weigh(list(store.known), store) == set()
    assert [one.confidence for one in store.known.values()] == [0.75, 0.5, 0.1, 0.4]


def test_an_entity_locked_by_another_is_computed_later() -> None:
    free, busy = standing(0.5, 0.6), standing(0.5, 0.7)
    store = Store(free, busy, locked={busy.entity_id})
    left = weigh([free.entity_id, busy.entity_id], store)
    assert left == {busy.entity_id}
    assert store.known[busy.entity_id].confidence == 0.5
    weigh_left(left, store)
    assert [one.confidence for one in store.known.values()] == [0.6, 0.7]
