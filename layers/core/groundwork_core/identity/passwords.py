"""Rules for passwords, after NIST SP 800-63B section 5.1.1.2.

A password must be long enough, not common, and not the account's own name. There is no rule about
digits or special characters, since such rules lead to weaker passwords.
"""

from __future__ import annotations

import unicodedata

from groundwork_core.errors import Fault, Invalid

SHORTEST = 8
LONGEST = 256

COMMON = frozenset(
    """
    00000000 000000000 0123456789 11111111 111111111 1111111111 11223344 12121212 123123123
    12341234 12345678 123456789 1234567890 123456789a 1234qwer 123qweasd 147258369 1q2w3e4r
    1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 22222222 55555555 66666666 77777777 87654321 88888888
    963852741 987654321 9876543210 99999999 a1b2c3d4 aa123456 abc12345 abcd1234 abcdefgh
    access14 admin123 admin1234 administrator asdfasdf asdfghjk asdfghjkl baseball basketball
    changeme changeme1 computer corvette dragon123 football football1 groundwork iloveyou
    iloveyou1 internet jennifer letmein1 letmein123 liverpool manchester marlboro master123
    maverick michelle midnight mercedes monkey123 mustang1 p@ssw0rd p@ssword pa55word pass1234
    passw0rd password password1 password12 password123 password1234 password! passwort
    princess princess1 q1w2e3r4 qazwsxedc qwer1234 qwerty12 qwerty123 qwerty1234 qwertyui
    qwertyuiop rainbow1 samantha secret123 starwars sunshine sunshine1 superman superman1
    test1234 testtest trustno1 victoria welcome1 welcome123 whatever zaq12wsx zxcvbnm1 zxcvbnmm
    """.split()  # noqa: SIM905 - a list of words, not of quotation marks
)
"""Common passwords that are long enough to be accepted otherwise."""


def normal(password: str) -> str:
    """Return a password in Unicode NFKC, so that all keyboards produce the same text."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, email: str, pointer: str = "/password") -> None:
    """Check a new password.

    Raises:
        Invalid: it is too short, too long, common, or the account's address.
    """
    reason = _fault(normal(password), email)
    if reason:
        raise Invalid(f"The password {reason}.", (Fault(pointer, reason),))


def _fault(password: str, email: str) -> str | None:
    if len(password) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"is longer than {LONGEST} characters"
    folded = password.casefold()
    if folded in COMMON:
        return "is a common password"
    if len(set(folded)) == 1:
        return "repeats one character"
    if folded in {email.casefold(), email.casefold().partition("@")[0]}:
        return "is the account's own address"
    return None
