"""How often a login may fail: per account and address, per address, and per account.

Whoever guesses from one address is stopped after a few tries. Whoever guesses from many addresses
is stopped per account too, but an address from which the owner has come in lately is not counted
there: so nobody can lock an owner out for good. Refused tries are not counted, and a window ends
by itself. Successful logins count nowhere.

Behind a proxy all clients may have one address, which anybody can use up for everybody. So a login
from a known device (devices.py) has a limit of its own in place of these three; only when that is
used up too is it treated as any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork_core.errors import Throttled
from groundwork_core.identity.devices import hash_of, is_device

WINDOW = timedelta(minutes=5)
KNOWN = timedelta(days=30)
PAIR_FAILURES = 10
ADDRESS_FAILURES = 200
ACCOUNT_FAILURES = 100
DEVICE_FAILURES = 10


@dataclass(frozen=True, slots=True)
class Failures:
    """How often something failed in the window that ends then."""

    count: int
    window_ends_at: datetime


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Who tries to come in, from where. Accounts are counted by a hash, known or not."""

    email: str
    address: str
    device: str = ""
    """The words of the device, if the client has any."""

    @property
    def account(self) -> str:
        """The subject for the account from anywhere."""
        return f"account:{hashlib.sha256(self.email.encode()).hexdigest()}"

    @property
    def pair(self) -> str:
        """The subject for the account from this address."""
        return f"{self.account}@{self.address}"

    @property
    def known(self) -> str:
        """The subject that says: the owner has come in from here lately."""
        return f"known:{self.pair}"

    @property
    def limits(self) -> Mapping[str, int]:
        """How many failures of each subject are borne."""
        return {
            self.pair: PAIR_FAILURES,
            f"address:{self.address}": ADDRESS_FAILURES,
            self.account: ACCOUNT_FAILURES,
        }

    @property
    def known_device(self) -> str | None:
        """The subject that says: the owner has logged in with this device lately."""
        if not is_device(self.device):
            return None
        return f"device:{self.account}:{hash_of(self.device)}"

    @property
    def subjects(self) -> list[str]:
        """All that has to be known of an attempt."""
        device = self.known_device
        return [*self.limits, self.known, *([device, _failed(device)] if device else [])]

    def on_known_device(self, failures: Mapping[str, Failures], now: datetime) -> bool:
        """Say whether it comes from a known device that has failures left."""
        device = self.known_device
        known = failures.get(device) if device else None
        if device is None or known is None or known.window_ends_at <= now:
            return False
        failed = failures.get(_failed(device))
        return failed is None or failed.window_ends_at <= now or failed.count < DEVICE_FAILURES

    def counted(self, failures: Mapping[str, Failures], now: datetime) -> list[str]:
        """Return the subjects for which a failure of it counts."""
        device = self.known_device
        if device is not None and self.on_known_device(failures, now):
            return [_failed(device)]
        return list(self.limits)

    def forgiven(self, failures: Mapping[str, Failures], now: datetime) -> str:
        """Return the subject whose failures a success ends.

        On a known device not those of the address, which may be those of somebody else.
        """
        device = self.known_device
        if device is not None and self.on_known_device(failures, now):
            return _failed(device)
        return self.pair

    def must_be_allowed(self, failures: Mapping[str, Failures], now: datetime) -> None:
        """Check before a password is looked at.

        Raises:
            Throttled: a limit is reached; says when its window ends.
        """
        if self.on_known_device(failures, now):
            return
        known = failures.get(self.known)
        passed = {self.account} if known and known.window_ends_at > now else set()
        for subject, limit in self.limits.items():
            found = failures.get(subject)
            if found is None or subject in passed or found.window_ends_at <= now:
                continue
            if found.count >= limit:
                wait = (found.window_ends_at - now).total_seconds()
                raise Throttled(
                    "Too many logins failed. Please wait.", retry_after_seconds=max(1, round(wait))
                )


def _failed(device: str) -> str:
    """Return the subject for failures on a known device."""
    return f"failed:{device}"
