"""Change the caller's own password."""

from __future__ import annotations

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid, NotFound
from groundwork_core.identity.login_throttle import WINDOW, LoginAttempt
from groundwork_core.identity.passwords import check_password, normal
from groundwork_core.identity.ports import IdentityWork, PasswordHasher


def change_password(
    current: str,
    new: str,
    *,
    by: Caller,
    address: str,
    work: IdentityWork,
    hasher: PasswordHasher,
    clock: Clock,
) -> None:
    """Set a new password and end all sessions, including the current one.

    Raises:
        Invalid: the current password is wrong, or the new one breaks a rule of passwords.py.
        Throttled: too many attempts failed recently.
    """
    with work:
        user = work.users.get(by.user_id)
        if user is None:
            raise NotFound("This account does not exist.")
        attempt = LoginAttempt(user.email.lower(), address)
        failures = work.login_failures.of([*attempt.failure_limits, attempt.known])
        attempt.must_be_allowed(failures, clock.now())
    check_password(new, email=user.email, pointer="/new_password")
    if not hasher.verify(user.password_hash, normal(current)):
        now = clock.now()
        with work:
            work.login_failures.count(attempt.failure_limits, now, now + WINDOW)
        detail = "is not the current password"
        raise Invalid("The current password is wrong.", (Fault("/current_password", detail),))
    password_hash = hasher.hash(normal(new))
    with work:
        work.users.set_password(user.id, password_hash)
        work.users.end_sessions(user.id, clock.now())
        work.audit.record(AuditEntry("users.changed_password", "users", user.id))
