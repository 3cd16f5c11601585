"""The first admin account and the keys, which must exist before the first request."""

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_command.services.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundwork_command.instance.safe import Safe
    from groundwork_runtime.wiring import Wiring

ADMIN = "admin"
PASSWORD_NOT_SHOWN = "admin-untold"  # noqa: S105 - the name of a file
"""Exists until the first admin's generated password has been shown."""


@dataclass(frozen=True)
class AdminLogin:
    """E-mail address and password of an account."""

    email: str
    password: str


@contextmanager
def open_wiring(addresses: Mapping[str, str]) -> "Iterator[Wiring]":
    """Yield the application's composition root, for commands that do not use the API."""
    from groundwork_core.audit.actor import COMMAND
    from groundwork_runtime.settings import Settings
    from groundwork_runtime.wiring import Wiring

    wiring = Wiring(Settings(DATABASE_URL=addresses["DATABASE_URL"], function="command"))
    wiring.database.actor = COMMAND
    try:
        yield wiring
    finally:
        wiring.database.close()


def ensure_data_keys(addresses: Mapping[str, str], safe: "Safe") -> None:
    """Create the first data key if there is none."""
    from groundwork_data.encryption.rotation import DataKeyStore

    with open_wiring(addresses) as wiring:
        store = DataKeyStore(safe.secrets, safe.secret_id, wiring.database)
        store.ensure(wiring.clock.now())


def ensure_signing_key(addresses: Mapping[str, str], safe: "Safe") -> None:
    """Create the signing key if it is missing, and publish its public half."""
    from groundwork_data.identity.signing_keys import ensure_signing_key as ensure

    with open_wiring(addresses) as wiring:
        ensure(safe.secrets, safe.secret_id, wiring.database)


def ensure_worker_key(addresses: Mapping[str, str], safe: "Safe") -> None:
    """Create the account and the API key of `reference_extractor` if no valid key exists."""
    from groundwork_core.errors import NotFound
    from groundwork_core.identity.worker_key import ensure_worker_key as ensure
    from groundwork_data.postgres.callers import PostgresCallers

    try:
        kept = safe.secrets.read(safe.secret_id).strip()
    except NotFound:
        kept = None
    with open_wiring(addresses) as wiring:
        key = ensure(kept, begin_work=wiring.work, callers=PostgresCallers(wiring.database))
    if key is not None and key != kept:
        safe.secrets.write(safe.secret_id, key)


def make_first_admin(addresses: Mapping[str, str], email: str, password: str) -> bool:
    """Create the first admin unless an admin exists. Return whether it was created."""
    from groundwork_core.identity.create_user import make_first_admin as make

    with open_wiring(addresses) as wiring:
        made = make(email, password, work=wiring.work(), hasher=wiring.password_hasher)
        return made is not None


def save_admin(home: Home, email: str, password: str, *, generated: bool) -> None:
    """Save the first admin's credentials in the state folder, for commands on this machine."""
    if generated:
        home.write_private(home.secrets / PASSWORD_NOT_SHOWN, "")
    home.write_private(home.secrets / ADMIN, json.dumps({"email": email, "password": password}))


def show_first_admin(home: Home, show: Callable[[str, str], object]) -> None:
    """Call `show` once with the first admin's e-mail address and generated password.

    If the first start was interrupted before it was ready, the next start shows them.
    """
    not_shown = home.secrets / PASSWORD_NOT_SHOWN
    login = login_of_admin(home, {}) if not_shown.exists() else None
    if login is not None:
        show(login.email, login.password)
        not_shown.unlink()


def login_of_admin(home: Home, environment: Mapping[str, str]) -> AdminLogin | None:
    """Return the credentials for commands: from the environment, else the saved ones."""
    email = environment.get("GROUNDWORK_ADMIN_EMAIL", "")
    password = environment.get("GROUNDWORK_ADMIN_PASSWORD", "")
    try:
        kept = json.loads((home.secrets / ADMIN).read_text())
    except (FileNotFoundError, ValueError):
        kept = {}
    if password:
        return AdminLogin(email or kept.get("email", "admin@localhost.test"), password)
    return AdminLogin(kept["email"], kept["password"]) if kept else None
