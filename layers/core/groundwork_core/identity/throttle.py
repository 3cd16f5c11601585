"""How often a login may fail: per account and address, per address, and per account.

Whoever guesses from one address is stopped after a few tries. Whoever guesses from many addresses
is stopped per account too, but an address from which the owner has come in lately is not counted
there: so nobody can lock an owner out for good. Refused tries are not counted, and a window ends
by itself. Successful logins count nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundwork_core.errors import Throttled

WINDOW = timedelta(minutes=5)
KNOWN = timedelta(days=30)
PAIR_FAILURES = 10
ADDRESS_FAILURES = 200
ACCOUNT_FAILURES = 100


@dataclass(frozen=True, slots=True)
class Failures:
    """How often something failed in the window that ends then."""

    count: int
    window_ends_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to come in, from where. Accounts are counted by a hash, known or not."""

    email: str
    address: str

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

    def must_be_allowed(self, failures: Mapping[str, Failures], now: datetime) -> None:
        """Check before a password is looked at.

        Raises:
            Throttled: a limit is reached; says when its window ends.
        """
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
