"""Encrypted secrets: each is bound to its place; a lost key and a changed text are named."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.fakes.secrets import MemorySecrets

from groundwork_core.encryption.data_keys import DataKeys, new_data_key
from groundwork_core.encryption.ports import SecretPlace
from groundwork_core.errors import SecretUnreadable, Unavailable
from groundwork_data.encryption.aes_gcm import (
    READ_AGAIN_SECONDS,
    STALE_SECONDS,
    UNKNOWN_KEY_SECONDS,
    DataKeyEncryption,
    key_id,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PLACE = SecretPlace("source_credentials", "encrypted", uuid4())
SECRET = "Zoë's pässword"


class Store(MemorySecrets):
    """Secrets in memory that count reads and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.away = False
        self.keys = DataKeys(keys=(new_data_key(NOW),))
        self.write("data-keys", self.keys.text)

    def read(self, secret_id: str) -> str:
        self.reads += 1
        if self.away:
            raise Unavailable("Secrets cannot be read.")
        return super().read(secret_id)

    def rotate(self) -> None:
        self.keys = self.keys.with_new(NOW)
        self.write("data-keys", self.keys.text)


class Moments:
    """A monotonic clock that a test moves."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> Moments:
    return Moments()


@pytest.fixture
def encryption(store: Store, clock: Moments) -> DataKeyEncryption:
    return DataKeyEncryption(store, "data-keys", clock)


def test_an_encrypted_secret_is_decrypted_and_never_encrypted_alike(
    encryption: DataKeyEncryption, store: Store
) -> None:
    one, other = (encryption.encrypt(SECRET, PLACE) for _ in range(2))
    assert one != other
    assert key_id(one) == store.keys.current.kid
    assert encryption.decrypt(one, PLACE) == encryption.decrypt(other, PLACE) == SECRET
    assert store.reads == 1


@pytest.mark.parametrize(
    "place",
    [
        SecretPlace("source_credentials", "encrypted", uuid4()),
        SecretPlace("source_credentials", "other", PLACE.row_id),
        SecretPlace("webhooks", "encrypted", PLACE.row_id),
    ],
)
def test_a_secret_of_another_place_is_refused(
    encryption: DataKeyEncryption, place: SecretPlace
) -> None:
    encrypted = encryption.encrypt(SECRET, PLACE)
    with pytest.raises(SecretUnreadable, match="copied from another row"):
        encryption.decrypt(encrypted, place)


def test_without_the_place_as_associated_data_a_copied_secret_can_be_decrypted(
    encryption: DataKeyEncryption, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr("groundwork_data.encryption.aes_gcm._associated", lambda _: b"")
    encrypted = encryption.encrypt(SECRET, PLACE)
    other = SecretPlace("webhooks", "secret", uuid4())
    assert encryption.decrypt(encrypted, other) == SECRET


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_a_changed_secret_is_refused(encryption: DataKeyEncryption, place: int) -> None:
    form, kid, sealed = encryption.encrypt(SECRET, PLACE).split(".")
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
    with pytest.raises(SecretUnreadable, match="was changed"):
        encryption.decrypt(f"{form}.{kid}.{changed}", PLACE)


@pytest.mark.parametrize("text", ["", "secret", "gw1.a", "gw2.a.AAAA", "gw1.a.ä", "gw1.a.AAA"])
def test_a_malformed_secret_is_refused(encryption: DataKeyEncryption, text: str) -> None:
    with pytest.raises(SecretUnreadable, match="malformed"):
        encryption.decrypt(text, PLACE)


def test_a_lost_key_is_named(encryption: DataKeyEncryption, store: Store, clock: Moments) -> None:
    encrypted = encryption.encrypt(SECRET, PLACE)
    lost = store.keys.current.kid
    store.write("data-keys", DataKeys(keys=(new_data_key(NOW),)).text)
    clock.seconds += READ_AGAIN_SECONDS
    encryption.encrypt(SECRET, PLACE)
    with pytest.raises(SecretUnreadable, match=f"needs the data key {lost}, which is missing"):
        encryption.decrypt(encrypted, PLACE)


def test_a_secret_of_a_newer_key_is_read_at_once(
    store: Store, clock: Moments, encryption: DataKeyEncryption
) -> None:
    old = encryption.encrypt(SECRET, PLACE)
    store.rotate()
    new = DataKeyEncryption(store, "data-keys").encrypt(SECRET, PLACE)
    clock.seconds += UNKNOWN_KEY_SECONDS
    assert key_id(new) != key_id(old)
    assert encryption.decrypt(new, PLACE) == encryption.decrypt(old, PLACE) == SECRET
    assert key_id(encryption.encrypt(SECRET, PLACE)) == key_id(new)


def test_an_unknown_data_key_is_not_looked_up_each_time(
    store: Store, encryption: DataKeyEncryption
) -> None:
    encrypted = encryption.encrypt(SECRET, PLACE)
    unknown = encrypted.replace(key_id(encrypted), str(uuid4()))
    reads = store.reads
    for _ in range(5):
        with pytest.raises(SecretUnreadable):
            encryption.decrypt(unknown, PLACE)
    assert store.reads == reads


def test_the_secret_store_may_fail_for_minutes(
    store: Store, clock: Moments, encryption: DataKeyEncryption
) -> None:
    encrypted = encryption.encrypt(SECRET, PLACE)
    store.away = True
    clock.seconds += READ_AGAIN_SECONDS
    encryption.encrypt(SECRET, PLACE)
    clock.seconds += STALE_SECONDS
    with pytest.raises(Unavailable):
        encryption.encrypt(SECRET, PLACE)
    assert encryption.decrypt(encrypted, PLACE) == SECRET


def test_the_error_for_missing_data_keys_names_the_command_that_makes_them(
    encryption: DataKeyEncryption, store: Store
) -> None:
    del store.texts["data-keys"]
    with pytest.raises(Unavailable, match="groundwork keys rotate-data"):
        encryption.encrypt(SECRET, PLACE)
    store.write("data-keys", "{}")
    with pytest.raises(Unavailable, match="malformed"):
        encryption.encrypt(SECRET, PLACE)
