"""`groundwork user`: manage accounts without the API, for when no admin can log in."""

import secrets
import sys
from typing import Literal

from groundwork_command.instance import accounts, running
from groundwork_command.instance import client as api
from groundwork_command.terminal.output import clear_failures, fail, note, result

GENERATED_BYTES = 15
PAGE = 200


def create(
    email: str, roles: tuple[str, ...], name: str, source: Literal["stdin", "generated"]
) -> None:
    """Create an account. A generated password is printed once."""
    from groundwork_core.identity.create_user import create_user

    password = _password(source)
    with clear_failures(), accounts.open_wiring(running.addresses()) as wiring:
        made = create_user(
            email,
            password,
            name=name,
            roles=roles,
            work=wiring.work(),
            hasher=wiring.password_hasher,
        )
    result({"id": made, "email": email, **_shown(password, source)})


def set_password(email: str, source: Literal["stdin", "generated"]) -> None:
    """Set a new password for an account and end all its sessions."""
    from groundwork_core.identity.passwords import check_password, normal

    password = _password(source)
    with clear_failures(), accounts.open_wiring(running.addresses()) as wiring:
        check_password(password, email=email)
        hashed = wiring.password_hasher.hash(normal(password))
        work = wiring.work()
        with work:
            user = work.users.by_email(email)
            if user is None:
                fail(f"no account has the e-mail address {email}; `groundwork user list` shows all")
            work.users.set_password(user.id, hashed)
            work.users.end_sessions(user.id, wiring.clock.now())
    result({"id": user.id, "email": email, **_shown(password, source)})


def set_status(email: str, status: Literal["active", "disabled"]) -> None:
    """Enable or disable an account; disabling ends its sessions."""
    with clear_failures(), accounts.open_wiring(running.addresses()) as wiring:
        work = wiring.work()
        with work:
            user = work.users.by_email(email)
            if user is None:
                fail(f"no account has the e-mail address {email}; `groundwork user list` shows all")
            if user.status != status:
                work.users.set_status(user.id, status)
                if status == "disabled":
                    work.users.end_sessions(user.id, wiring.clock.now())
    result({"id": user.id, "email": user.email, "status": status})


def show(output: Literal["json", "text"]) -> None:
    """List the accounts."""
    found: list[dict[str, object]] = []
    with clear_failures(), api.connect_to_running_instance() as client:
        cursor: str | None = ""
        while cursor is not None:
            query = {"cursor": cursor} if cursor else {}
            page = client.get("/api/v1/users", limit=PAGE, **query)
            found += page["items"]
            cursor = page["next_cursor"]
    if output == "json":
        result({"users": found})
        return
    for user in found:
        roles = user["roles"] if isinstance(user["roles"], list) else []
        print(f"{user['email']}  {user['status']}  {', '.join(map(str, roles))}")


def _password(source: Literal["stdin", "generated"]) -> str:
    if source == "generated":
        return secrets.token_urlsafe(GENERATED_BYTES)
    note("Password (one line on standard input):")
    return sys.stdin.readline().rstrip("\n")


def _shown(password: str, source: Literal["stdin", "generated"]) -> dict[str, str]:
    return {"password": password} if source == "generated" else {}
