"""The environment variables of child services: an allow-list, as functions have one."""

import os
from collections.abc import Mapping

PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "TMPDIR",
    "SYSTEMROOT",
)
"""What any program needs to run. Passwords, tokens and other programs' settings are not in it."""


def of_service(own: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All variables of a child service: its own settings, and what any program needs."""
    return {**{name: environ[name] for name in PASSED_ON if name in environ}, **own}
