"""Environment variables of child services, by an allow-list."""

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
"""Variables that any program needs. Passwords, tokens and foreign settings are not included."""


def service_variables(
    own: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return all variables of a child service: its own settings and those of PASSED_ON."""
    return {**{name: environ[name] for name in PASSED_ON if name in environ}, **own}
