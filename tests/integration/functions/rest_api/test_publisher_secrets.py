"""The secrets of publishers are stored encrypted; plain ones are moved when they are read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from groundwork_core.encryption.data_keys import DataKeys, new_data_key
from groundwork_core.encryption.re_encrypt import re_encrypt
from groundwork_core.publishing import publisher_secrets, remembered_secrets
from groundwork_core.publishing.publisher_secrets import PRESENT, PREVIOUS
from groundwork_core.publishing.signatures import new_secret
from groundwork_data.encryption.aes_gcm import DataKeyEncryption, key_id
from groundwork_data.postgres.encrypted_secrets import PostgresEncryptedSecrets

from ....fakes.secrets import DATA_KEYS
from ....standard_webhooks import signed
from .conftest import Reply, Rest

EVERYTHING = """
SELECT to_jsonb(p)::text FROM publishers p UNION ALL
SELECT to_jsonb(s)::text FROM publisher_secrets s UNION ALL
SELECT to_jsonb(o)::text FROM outbox o UNION ALL
SELECT to_jsonb(a)::text FROM audit_events a
"""


@pytest.fixture
def publisher(rest: Rest) -> Reply:
    return rest.create("publishers", name="Mailer")


def stored(rest: Rest) -> str:
    return "\n".join(row[0] for row in rest.database.rows(EVERYTHING))


def callback(rest: Rest, secret: str) -> int:
    update = {"distribution_id": str(uuid4()), "recipient": "ada", "status": "sent"}
    body = json.dumps({"type": "delivery.updated", "data": update})
    headers = signed(secret, f"msg_{uuid4()}", body)
    path = "/api/v1/deliveries/callbacks"
    return rest("POST", path, body, token=None, headers=headers).status


def add_plain(rest: Rest, previous: str | None = None) -> tuple[Any, str]:
    """A publisher whose secrets are stored as plain text."""
    secret = new_secret()
    until = datetime.now(UTC) + timedelta(hours=1) if previous else None
    (row,) = rest.database.rows(
        "INSERT INTO publishers (name, secret, previous_secret, previous_until)"
        " VALUES ('Old', %s, %s, %s) RETURNING id",
        [secret, previous, until],
    )
    return row[0], secret


def test_no_plain_secret_is_stored(rest: Rest, publisher: Reply) -> None:
    first = publisher.json["secret"]
    second = rest("POST", f"{publisher.location}/rotate").json["secret"]
    everything = stored(rest)
    assert "Mailer" in everything
    assert first not in everything
    assert second not in everything
    ((id_, present, previous),) = rest.database.rows(
        "SELECT publisher_id, encrypted, previous FROM publisher_secrets"
    )
    assert rest.parts.encryption.decrypt(present, PRESENT.place(id_)) == second
    assert rest.parts.encryption.decrypt(previous, PREVIOUS.place(id_)) == first
    # The column takes no plain text.
    with psycopg.connect(rest.url) as other, pytest.raises(psycopg.errors.CheckViolation):
        other.execute("UPDATE publisher_secrets SET previous = %s", [first])


def test_plain_secrets_are_moved_when_a_callback_comes(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    previous = new_secret()
    plain = [add_plain(rest, previous), add_plain(rest), add_plain(rest)]
    monkeypatch.setattr(publisher_secrets, "PLAIN_MAX", 2)
    # Without the move they stay, and nobody can sign.
    with monkeypatch.context() as without:
        name = "encrypt_all_plain_secrets_of_publishers"
        without.setattr(remembered_secrets, name, lambda **_: 0)
        assert callback(rest, previous) == 401
        assert previous in stored(rest)
    rest.parts.publisher_secrets.forget()
    assert callback(rest, previous) == 200
    assert [callback(rest, secret) for _, secret in plain] == [200] * 3
    everything = stored(rest)
    assert not [one for one in (previous, *(secret for _, secret in plain)) if one in everything]


def test_a_rotation_moves_a_plain_secret(rest: Rest) -> None:
    id_, old = add_plain(rest, new_secret())
    new = rest("POST", f"/api/v1/publishers/{id_}/rotate").json["secret"]
    assert old not in stored(rest)
    assert (callback(rest, old), callback(rest, new)) == (200, 200)


def test_a_new_data_key_encrypts_both_secrets_again(rest: Rest, publisher: Reply) -> None:
    rest("POST", f"{publisher.location}/rotate")
    keys = DataKeys.parse(rest.parts.secrets.read(DATA_KEYS)).with_new(datetime.now(UTC))
    rest.parts.secrets.write(DATA_KEYS, keys.text)  # type: ignore[attr-defined]
    encryption = DataKeyEncryption(rest.parts.secrets, DATA_KEYS)
    secrets = PostgresEncryptedSecrets(rest.database)
    done = re_encrypt(keys.current.kid, stored=secrets, encryption=encryption)
    ((*texts,),) = rest.database.rows("SELECT encrypted, previous FROM publisher_secrets")
    assert (done.changed, done.unreadable) == (2, ())
    assert {key_id(text) for text in texts} == {keys.current.kid}
    other = Rest.beside(rest)
    assert callback(other, publisher.json["secret"]) == 200
    other.database.close()


def test_a_secret_that_cannot_be_decrypted_does_not_affect_other_publishers(
    rest: Rest, publisher: Reply
) -> None:
    lost = rest.create("publishers", name="Lost")
    keys = DataKeys(keys=(new_data_key(datetime.now(UTC)),))
    other = Rest.beside(rest)
    other.parts.secrets.write(DATA_KEYS, keys.text)  # type: ignore[attr-defined]
    moved = DataKeyEncryption(other.parts.secrets, DATA_KEYS).encrypt(
        publisher.json["secret"], PRESENT.place(publisher.json["id"])
    )
    other.database.rows(
        "UPDATE publisher_secrets SET encrypted = %s WHERE publisher_id = %s",
        [moved, publisher.json["id"]],
    )
    assert callback(other, publisher.json["secret"]) == 200
    assert callback(other, lost.json["secret"]) == 503
    # A new secret mends it.
    new = other("POST", f"{lost.location}/rotate").json["secret"]
    other.parts.publisher_secrets.forget()
    assert (callback(other, new), callback(other, lost.json["secret"])) == (200, 401)
    other.database.close()


def test_a_secret_is_decrypted_once(
    rest: Rest, publisher: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    decrypted: list[str] = []
    real = DataKeyEncryption.decrypt

    def decrypt(self: DataKeyEncryption, encrypted: str, place: Any) -> str:
        decrypted.append(encrypted)
        return real(self, encrypted, place)

    monkeypatch.setattr(DataKeyEncryption, "decrypt", decrypt)
    for _ in range(3):
        rest.parts.publisher_secrets.forget()
        assert callback(rest, publisher.json["secret"]) == 200
    assert len(decrypted) == 1
