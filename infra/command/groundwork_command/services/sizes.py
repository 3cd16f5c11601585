"""Memory sizes of the embedded services, such as 768m or 4g."""

import re
from collections.abc import Mapping

from groundwork_command.services.service import ServiceError

_SIZE = re.compile(r"[1-9][0-9]{0,5}[mg]")


def given_size(environment: Mapping[str, str], variable: str, default: str) -> str:
    """Return the size in a variable, or the default if unset or empty. Raises ServiceError."""
    given = environment.get(variable) or default
    if not _SIZE.fullmatch(given):
        raise ServiceError(f"{variable}: give a size such as 768m or 4g")
    return given
