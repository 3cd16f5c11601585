"""`groundwork keys`: rotate the keys of access tokens, of stored secrets and of the worker."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from groundwork_command.instance import accounts, running
from groundwork_command.instance.safe import DATA_KEYS, SIGNING_KEY, WORKER_KEY, Safe, safe_of
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, fail, note, result

if TYPE_CHECKING:
    from groundwork_core.encryption.re_encrypt import ReEncrypted
    from groundwork_runtime.wiring import Wiring

OldKeys = Literal["keep", "remove"]


def rotate(output: Literal["json", "text"]) -> None:
    """Sign new tokens with a new key; tokens of the old key stay valid until they expire."""
    from groundwork_data.identity.rotation import rotate_signing_key

    with _safe(SIGNING_KEY) as (safe, wiring):
        done = rotate_signing_key(safe.secrets, safe.secret_id, wiring.database, pause=time.sleep)
    if output == "json":
        result({"kid": done.kid, "retired": list(done.retired)})
    else:
        note(f"New signing key: {done.kid}; retired: {', '.join(done.retired) or 'none'}")


def rotate_data(output: Literal["json", "text"]) -> None:
    """Add a data key, and encrypt all stored secrets with it; older keys can still decrypt."""
    from groundwork_data.encryption.rotation import DataKeyStore

    with _safe(DATA_KEYS) as (safe, wiring):
        keys = DataKeyStore(safe.secrets, safe.secret_id, wiring.database).add(wiring.clock.now())
        done = _re_encrypt(safe, wiring, keys.current.kid)
    _tell(keys.current.kid, done, (), output)


def rotate_worker(output: Literal["json", "text"]) -> None:
    """Give `reference_extractor` a new API key, and revoke its older ones.

    Makes its account if there is none.
    """
    from groundwork_core.identity.worker_key import replace_worker_key

    with _safe(WORKER_KEY) as (safe, wiring):
        revoked = replace_worker_key(
            lambda key: safe.secrets.write(safe.secret_id, key),
            begin_work=wiring.work,
            clock=wiring.clock,
        )
    if output == "json":
        result({"revoked": revoked})
    else:
        note(f"The worker has a new API key; older ones revoked: {revoked}")


def re_encrypt(old: OldKeys, output: Literal["json", "text"]) -> None:
    """Encrypt all stored secrets with the newest data key; remove unused older keys if asked."""
    from groundwork_data.encryption.rotation import DataKeyStore
    from groundwork_data.postgres.encrypted_secrets import PostgresEncryptedSecrets

    with _safe(DATA_KEYS) as (safe, wiring):
        store, now = DataKeyStore(safe.secrets, safe.secret_id, wiring.database), wiring.clock.now()
        kid = store.ensure(now).current.kid
        done = _re_encrypt(safe, wiring, kid)
        removed: tuple[str, ...] = ()
        if old == "remove":
            used = PostgresEncryptedSecrets(wiring.database).used_keys()
            removed = store.remove_unused(used.keys(), now)
    _tell(kid, done, removed, output)


@contextmanager
def _safe(name: str) -> "Iterator[tuple[Safe, Wiring]]":
    with clear_failures():
        addresses = running.addresses()
        stage = os.environ.get("GROUNDWORK_ENV") or "local"
        safe = safe_of(name, stage, Home(running.home_folder()), running.aws())
        with accounts.open_wiring(addresses) as wiring:
            yield safe, wiring


def _re_encrypt(safe: Safe, wiring: "Wiring", kid: str) -> "ReEncrypted":
    from groundwork_core.encryption.re_encrypt import re_encrypt as encrypt_again
    from groundwork_core.publishing.publisher_secrets import encrypt_all_plain_secrets_of_publishers
    from groundwork_data.encryption.aes_gcm import DataKeyEncryption
    from groundwork_data.postgres.encrypted_secrets import PostgresEncryptedSecrets

    encryption = DataKeyEncryption(safe.secrets, safe.secret_id)
    encrypt_all_plain_secrets_of_publishers(begin_work=wiring.work, encryption=encryption)
    stored = PostgresEncryptedSecrets(wiring.database)
    return encrypt_again(kid, stored=stored, encryption=encryption)


def _tell(
    kid: str, done: "ReEncrypted", removed: tuple[str, ...], output: Literal["json", "text"]
) -> None:
    if output == "json":
        result(
            {
                "kid": kid,
                "encrypted_again": done.changed,
                "unreadable": list(done.unreadable),
                "removed": list(removed),
            }
        )
    else:
        note(f"Data key: {kid}; secrets encrypted again: {done.changed}")
        if removed:
            note(f"Removed keys: {', '.join(removed)}")
    if done.unreadable:
        fail(
            f"{len(done.unreadable)} secrets cannot be decrypted and must be set again: "
            + ", ".join(done.unreadable[:10])
        )
