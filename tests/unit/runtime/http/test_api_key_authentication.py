"""Which API keys are accepted, and when the database is queried."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.fakes.callers import FakeCallers, FakeClock

from groundwork_core.errors import Unauthenticated
from groundwork_core.identity.api_key_format import hash_of, new_key
from groundwork_core.identity.callers import KeyHolder
from groundwork_runtime.http import api_key_authentication as api_key_callers
from groundwork_runtime.http.authentication import Authenticator

KEY = new_key()


class Doors:
    """Callers on fakes, and clocks that a test moves."""

    def __init__(self) -> None:
        self.store = FakeCallers()
        self.clock = FakeClock(datetime.now(UTC))
        self.seconds = 0.0
        self.callers = Authenticator(
            self.store, issuer="groundwork", clock=self.clock, monotonic=lambda: self.seconds
        )

    def give(self, key: str, expires_at: datetime | None = None) -> KeyHolder:
        holder = KeyHolder(uuid4(), uuid4(), ("viewer",), frozenset({"jobs:read"}), expires_at)
        self.store.holders[hash_of(key)] = holder
        return holder


@pytest.fixture
def doors() -> Doors:
    return Doors()


def test_a_key_speaks_for_its_user_within_its_scopes(doors: Doors) -> None:
    holder = doors.give(KEY)
    caller = doors.callers.authenticate({"x-api-key": KEY})
    assert (caller.user_id, caller.key_id) == (holder.user_id, holder.key_id)
    assert caller.permissions == {"jobs:read"}
    assert caller.principal == f"key:{holder.key_id}"


def test_a_malformed_key_never_reaches_the_database(doors: Doors) -> None:
    for words in ("", "x", KEY[:-1], KEY[:-1] + ("0" if KEY[-1] != "0" else "1"), "é", "k" * 10**5):
        with pytest.raises(Unauthenticated):
            doors.callers.authenticate({"x-api-key": words})
    assert doors.store.key_looks == 0


def test_a_key_is_cached_for_seconds_but_not_for_privileged_writes(doors: Doors) -> None:
    doors.give(KEY)
    for _ in range(3):
        doors.callers.authenticate({"x-api-key": KEY})
    assert doors.store.key_looks == 1
    del doors.store.holders[hash_of(KEY)]
    doors.callers.authenticate({"x-api-key": KEY})
    with pytest.raises(Unauthenticated):
        doors.callers.authenticate({"x-api-key": KEY}, at_most_seconds=0)


def test_a_revoked_key_is_refused_within_seconds(doors: Doors) -> None:
    doors.give(KEY)
    doors.callers.authenticate({"x-api-key": KEY})
    del doors.store.holders[hash_of(KEY)]
    doors.seconds += 15
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            doors.callers.authenticate({"x-api-key": KEY})
    assert doors.store.key_looks == 2


def test_an_expired_key_is_refused_at_once(doors: Doors) -> None:
    doors.give(KEY, expires_at=doors.clock.now() + timedelta(seconds=5))
    doors.callers.authenticate({"x-api-key": KEY})
    doors.clock.pass_by(seconds=5)
    with pytest.raises(Unauthenticated):
        doors.callers.authenticate({"x-api-key": KEY})


def test_one_credential_at_a_time(doors: Doors) -> None:
    doors.give(KEY)
    with pytest.raises(Unauthenticated, match="not both"):
        doors.callers.authenticate({"x-api-key": KEY, "authorization": "Bearer x"})


def test_memory_is_bounded(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_key_callers, "CACHED_MAX", 5)
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            doors.callers.authenticate({"x-api-key": new_key()})
    assert len(doors.callers._api_keys._known) <= 5
