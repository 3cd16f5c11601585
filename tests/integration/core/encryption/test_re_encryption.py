"""Rotation of the data key: every stored secret is encrypted again, the old key is removed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from groundwork_core.encryption import re_encrypt as use_case
from groundwork_core.encryption.data_keys import KEPT_AFTER_REPLACEMENT
from groundwork_core.encryption.re_encrypt import re_encrypt
from groundwork_core.errors import Invalid, SecretUnreadable
from groundwork_data.encryption.aes_gcm import DataKeyEncryption, key_id
from groundwork_data.encryption.rotation import DataKeyStore
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.encrypted_secrets import (
    ENCRYPTED_COLUMNS,
    SOURCE_CREDENTIALS,
    PostgresEncryptedSecrets,
)

from ....fakes.secrets import MemorySecrets

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CHECKED = """
SELECT conrelid::regclass::text FROM pg_constraint
WHERE contype = 'c' AND pg_get_constraintdef(oid) LIKE '%^gw1%'
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, application_name="test")
    yield made
    made.close()


@pytest.fixture
def safe() -> MemorySecrets:
    return MemorySecrets()


@pytest.fixture
def keys(safe: MemorySecrets, database: Database) -> DataKeyStore:
    made = DataKeyStore(safe, "data-keys", database)
    made.ensure(NOW)
    return made


def secrets_of(database: Database) -> dict[UUID, str]:
    return dict(database.rows("SELECT source_id, encrypted FROM source_credentials"))


def store(database: Database, safe: MemorySecrets, count: int) -> DataKeyEncryption:
    encryption = DataKeyEncryption(safe, "data-keys")
    for number in range(count):
        (row,) = database.rows(
            "INSERT INTO sources (name, url, schedule) VALUES"
            ' (\'s\', %s, \'{"kind": "interval", "every_seconds": 900}\') RETURNING id',
            (f"https://example.org/{number}",),
        )
        encrypted = encryption.encrypt(f"secret {number}", SOURCE_CREDENTIALS.place(row[0]))
        database.rows(
            "INSERT INTO source_credentials (source_id, encrypted) VALUES (%s, %s)",
            (row[0], encrypted),
        )
    return encryption


def test_all_secrets_are_encrypted_again_and_the_old_key_is_removed(
    database: Database, safe: MemorySecrets, keys: DataKeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_case, "BATCH", 2)
    store(database, safe, 5)
    (old,) = {key_id(one) for one in secrets_of(database).values()}
    added = keys.add(NOW)
    stored, encryption = PostgresEncryptedSecrets(database), DataKeyEncryption(safe, "data-keys")
    assert keys.remove_unused(stored.used_keys(), NOW + KEPT_AFTER_REPLACEMENT) == ()

    done = re_encrypt(added.current.kid, stored=stored, encryption=encryption)

    assert (done.changed, done.unreadable) == (5, ())
    assert stored.used_keys() == {added.current.kid: 5}
    assert keys.remove_unused(stored.used_keys(), NOW) == ()
    assert keys.remove_unused(stored.used_keys(), NOW + KEPT_AFTER_REPLACEMENT) == (old,)
    reader = DataKeyEncryption(safe, "data-keys")
    read = {
        reader.decrypt(text, SOURCE_CREDENTIALS.place(row))
        for row, text in secrets_of(database).items()
    }
    assert read == {f"secret {number}" for number in range(5)}
    again = re_encrypt(added.current.kid, stored=stored, encryption=encryption)
    assert again.changed == 0


def test_a_lost_key_leaves_the_other_secrets_readable(
    database: Database, safe: MemorySecrets, keys: DataKeyStore
) -> None:
    store(database, safe, 1)
    (lost,) = secrets_of(database)
    del safe.texts["data-keys"]
    keys.ensure(NOW)
    added = keys.add(NOW)
    encryption = DataKeyEncryption(safe, "data-keys")

    done = re_encrypt(
        added.current.kid, stored=PostgresEncryptedSecrets(database), encryption=encryption
    )

    assert (done.changed, done.unreadable) == (0, (f"source_credentials.encrypted/{lost}",))
    with pytest.raises(SecretUnreadable, match="is missing"):
        encryption.decrypt(secrets_of(database)[lost], SOURCE_CREDENTIALS.place(lost))


def test_re_encryption_keeps_a_secret_that_was_changed_meanwhile(
    database: Database, safe: MemorySecrets, keys: DataKeyStore
) -> None:
    store(database, safe, 1)
    ((row, before),) = secrets_of(database).items()
    stored = PostgresEncryptedSecrets(database)
    assert stored.replace(SOURCE_CREDENTIALS, [(row, before[:-4] + "AAAA", before)]) == 0
    assert secrets_of(database) == {row: before}
    assert stored.replace(SOURCE_CREDENTIALS, [(row, before, before)]) == 1


def test_plain_text_cannot_be_stored(
    database: Database, safe: MemorySecrets, keys: DataKeyStore
) -> None:
    store(database, safe, 1)
    with pytest.raises(Invalid):
        database.rows("UPDATE source_credentials SET encrypted = 'password'")


def test_every_checked_column_is_encrypted_again(database: Database) -> None:
    checked = {row[0] for row in database.rows(CHECKED)}
    assert checked == {one.table for one in ENCRYPTED_COLUMNS}


def test_key_changes_are_in_the_audit_log_without_the_key(
    database: Database, safe: MemorySecrets, keys: DataKeyStore
) -> None:
    kept = keys.add(NOW)
    keys.remove_unused((), NOW + KEPT_AFTER_REPLACEMENT)
    rows = database.rows(
        "SELECT action, t::text FROM audit_events t WHERE action LIKE 'data-keys.%' ORDER BY id"
    )
    assert [row[0] for row in rows] == ["data-keys.added", "data-keys.added", "data-keys.removed"]
    assert kept.current.kid in rows[1][1]
    assert all(one.key not in row[1] for one in kept.keys for row in rows)
