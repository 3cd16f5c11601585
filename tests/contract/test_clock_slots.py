"""Claims of a schedule's slots: in memory and on Postgres."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from groundwork_lambda_host.clock.slots import PostgresSlots, SlotStore, SlotsUnavailable

from ..fakes.clock_slots import FakeSlots

SLOT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


@pytest.fixture(params=["fake", "postgres"])
def slots(request: pytest.FixtureRequest) -> Iterator[SlotStore]:
    if request.param == "fake":
        yield FakeSlots()
        return
    url = request.getfixturevalue("database_url")
    real = PostgresSlots(lambda: url)
    yield real
    real.close()


def test_a_slot_is_taken_once(slots: SlotStore) -> None:
    assert slots.claim("sweep", SLOT)
    assert not slots.claim("sweep", SLOT)


def test_schedules_and_slots_are_independent(slots: SlotStore) -> None:
    assert slots.claim("sweep", SLOT)
    assert slots.claim("other", SLOT)
    assert slots.claim("sweep", SLOT + timedelta(minutes=1))


def test_the_last_slot_is_the_latest_that_any_store_took(slots: SlotStore) -> None:
    assert slots.last("sweep") is None
    slots.claim("sweep", SLOT + timedelta(minutes=1))
    slots.claim("sweep", SLOT)
    slots.claim("other", SLOT + timedelta(days=1))
    assert slots.last("sweep") == SLOT + timedelta(minutes=1)


def test_the_time_is_that_of_the_store(slots: SlotStore) -> None:
    assert abs(slots.time() - datetime.now(UTC)) < timedelta(minutes=1)


def test_slots_in_the_future_are_forgotten(slots: SlotStore) -> None:
    """They were taken before the clock of the store was set back."""
    now = slots.time().replace(microsecond=0)
    for minutes in (1, 2, 3):
        slots.claim("sweep", now + timedelta(minutes=minutes))
    assert slots.claim("sweep", now)
    assert slots.last("sweep") == now
    assert slots.claim("sweep", now + timedelta(minutes=2))


def test_many_gateways_at_once_take_a_slot_once(slots: SlotStore) -> None:
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda: taken.append(slots.claim("sweep", SLOT))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_two_stores_on_one_database_take_a_slot_once(database_url: str) -> None:
    stores = [PostgresSlots(lambda: database_url) for _ in range(4)]
    taken: list[bool] = []
    threads = [
        threading.Thread(target=lambda store=store: taken.append(store.claim("sweep", SLOT)))
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert sorted(taken) == [False] * 3 + [True]


def test_old_slots_are_forgotten(database_url: str) -> None:
    store = PostgresSlots(lambda: database_url)
    store.claim("sweep", SLOT - timedelta(days=15))
    store.claim("sweep", SLOT)
    assert store.claim("sweep", SLOT - timedelta(days=15))
    store.close()


def test_a_connection_that_died_is_replaced(database_url: str) -> None:
    store = PostgresSlots(lambda: database_url)
    store.claim("sweep", SLOT)
    assert store._connection is not None
    store._connection.close()
    assert store.last("sweep") == SLOT
    store.close()


def test_an_unreachable_database_is_reported() -> None:
    store = PostgresSlots(lambda: "postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(SlotsUnavailable):
        store.claim("sweep", SLOT)
