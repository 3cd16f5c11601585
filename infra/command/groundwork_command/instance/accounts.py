"""Accounts and keys that must be there before anybody can log in."""

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_command.services.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from groundwork_core.identity.ports import Secrets
    from groundwork_lambda_host.aws import AwsSettings
    from groundwork_runtime.wiring import Wiring

ADMIN = "admin"
UNTOLD = "admin-untold"
"""There while nobody has been told the first admin's made-up password."""
SIGNING_KEY = "signing-key"


@dataclass(frozen=True)
class Login:
    """What one logs in with."""

    email: str
    password: str


@contextmanager
def parts(addresses: Mapping[str, str]) -> "Iterator[Wiring]":
    """The application's own parts, for commands that work without a function in between."""
    from groundwork_core.audit.actor import COMMAND
    from groundwork_runtime.settings import Settings
    from groundwork_runtime.wiring import Wiring

    wiring = Wiring(Settings(DATABASE_URL=addresses["DATABASE_URL"], function="command"))
    wiring.database.actor = COMMAND
    try:
        yield wiring
    finally:
        wiring.database.close()


@dataclass(frozen=True)
class SigningKeySafe:
    """Where the key that signs access tokens is kept."""

    secrets: "Secrets"
    secret_id: str


def signing_key_name(stage: str) -> str:
    """The name of the signing key's secret, as the template gives it."""
    return f"groundwork/{stage}/signing-key"


def signing_key_safe(stage: str, home: Home, aws: "AwsSettings") -> SigningKeySafe:
    """The signing key's safe: a private file of the state folder, outside local AWS' safe.

    Never the local emulator: it is not made to keep secrets.
    """
    if stage == "local":
        from groundwork_data.identity.secret_files import SecretFiles

        return SigningKeySafe(SecretFiles(), (home.secrets / SIGNING_KEY).as_uri())
    import boto3  # 0.8 s that only its callers pay

    from groundwork_data.aws.secrets import SecretsManager

    def client() -> "SecretsManagerClient":
        return boto3.client(
            "secretsmanager",
            endpoint_url=aws.endpoint,
            region_name=aws.region,
            aws_access_key_id=aws.access_key_id,
            aws_secret_access_key=aws.secret_access_key,
        )

    return SigningKeySafe(SecretsManager(client), signing_key_name(stage))


def ensure_signing_key(addresses: Mapping[str, str], safe: SigningKeySafe) -> None:
    """Make the signing key where there is none, and publish its public half."""
    from groundwork_data.identity.signing_keys import ensure_signing_key as ensure

    with parts(addresses) as wiring:
        ensure(safe.secrets, safe.secret_id, wiring.database)


def make_first_admin(addresses: Mapping[str, str], email: str, password: str) -> bool:
    """Make the admin unless there is one already. True when made."""
    from groundwork_core.identity.create_user import make_first_admin as make

    with parts(addresses) as wiring:
        made = make(email, password, work=wiring.work(), hasher=wiring.password_hasher)
        return made is not None


def remember_admin(home: Home, email: str, password: str, *, told: bool) -> None:
    """Keep the first admin's login in the state folder, for commands on this machine."""
    if not told:
        home.write_private(home.secrets / UNTOLD, "")
    home.write_private(home.secrets / ADMIN, json.dumps({"email": email, "password": password}))


def tell_admin(home: Home, tell: Callable[[str, str], object]) -> None:
    """Tell the first admin's address and made-up password, once.

    A first start that was ended before it was ready has told nobody; the next one does.
    """
    untold = home.secrets / UNTOLD
    login = login_of_admin(home, {}) if untold.exists() else None
    if login is not None:
        tell(login.email, login.password)
        untold.unlink()


def login_of_admin(home: Home, environment: Mapping[str, str]) -> Login | None:
    """The login that commands use: the environment's, else the remembered one."""
    email = environment.get("GROUNDWORK_ADMIN_EMAIL", "")
    password = environment.get("GROUNDWORK_ADMIN_PASSWORD", "")
    try:
        kept = json.loads((home.secrets / ADMIN).read_text())
    except (FileNotFoundError, ValueError):
        kept = {}
    if password:
        return Login(email or kept.get("email", "admin@localhost.test"), password)
    return Login(kept["email"], kept["password"]) if kept else None
