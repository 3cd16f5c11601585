"""Limits of failed logins: per account and address, per address, and per account.

Guesses from one address are refused after a few failures. Guesses from many addresses are limited
per account, but an address from which the owner logged in recently is exempt from that limit, so
that others cannot lock out an owner permanently. Refused attempts and successful logins are not
counted.

Behind a proxy all clients may share one address, whose limit one client can use up. Therefore a
login from a known device (devices.py) has its own limit instead; once that is used up, the three
limits apply.
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
    """The number of failures in the window that ends at `window_ends_at`."""

    count: int
    window_ends_at: datetime


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A login attempt. Failures are counted by a hash of the address, whether or not it exists."""

    email: str
    address: str
    device: str = ""
    """The device token, if the client sent one."""

    @property
    def account(self) -> str:
        """The key that counts failures of the account from all addresses."""
        return f"account:{hashlib.sha256(self.email.encode()).hexdigest()}"

    @property
    def pair(self) -> str:
        """The key that counts failures of the account from this address."""
        return f"{self.account}@{self.address}"

    @property
    def known(self) -> str:
        """The key that is stored after the owner logged in from this address."""
        return f"known:{self.pair}"

    @property
    def failure_limits(self) -> Mapping[str, int]:
        """The allowed failures, by the key that counts them."""
        return {
            self.pair: PAIR_FAILURES,
            f"address:{self.address}": ADDRESS_FAILURES,
            self.account: ACCOUNT_FAILURES,
        }

    @property
    def known_device(self) -> str | None:
        """The key that is stored after the owner logged in from this device, if one was sent."""
        if not is_device(self.device):
            return None
        return f"device:{self.account}:{hash_of(self.device)}"

    @property
    def subjects(self) -> list[str]:
        """All keys to read for this attempt."""
        device = self.known_device
        return [*self.failure_limits, self.known, *([device, _failed(device)] if device else [])]

    def on_known_device(self, failures: Mapping[str, Failures], now: datetime) -> bool:
        """Return whether the attempt comes from a known device that is below its limit."""
        device = self.known_device
        known = failures.get(device) if device else None
        if device is None or known is None or known.window_ends_at <= now:
            return False
        failed = failures.get(_failed(device))
        return failed is None or failed.window_ends_at <= now or failed.count < DEVICE_FAILURES

    def counted(self, failures: Mapping[str, Failures], now: datetime) -> list[str]:
        """Return the keys whose failures a failed attempt raises."""
        device = self.known_device
        if device is not None and self.on_known_device(failures, now):
            return [_failed(device)]
        return list(self.failure_limits)

    def forgiven(self, failures: Mapping[str, Failures], now: datetime) -> str:
        """Return the key whose failures a successful login clears.

        On a known device this is the device's key: failures of the address may be another client's.
        """
        device = self.known_device
        if device is not None and self.on_known_device(failures, now):
            return _failed(device)
        return self.pair

    def must_be_allowed(self, failures: Mapping[str, Failures], now: datetime) -> None:
        """Check the limits, before the password is checked.

        Raises:
            Throttled: a limit is reached; the error says when to try again.
        """
        if self.on_known_device(failures, now):
            return
        known = failures.get(self.known)
        passed = {self.account} if known and known.window_ends_at > now else set()
        for subject, limit in self.failure_limits.items():
            found = failures.get(subject)
            if found is None or subject in passed or found.window_ends_at <= now:
                continue
            if found.count >= limit:
                wait = (found.window_ends_at - now).total_seconds()
                raise Throttled(
                    "Too many failed logins. Please wait.", retry_after_seconds=max(1, round(wait))
                )


def _failed(device: str) -> str:
    """Return the key that counts failures on a known device."""
    return f"failed:{device}"
