"""Hooks of the fuzzer: it must not revoke its own rights, and uses ids that exist."""

import os
import re
from typing import Any
from uuid import uuid4

import schemathesis

RIGHT_KEY = re.compile(r"[!-~]{1,255}")

SELF = os.environ.get("FUZZER_USER_ID", "")
"""The account that the fuzzer's token is of: whoever removes or disables it fuzzes nothing more."""


@schemathesis.hook  # type: ignore[untyped-decorator]  # it is in an environment of its own
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Leave the own account alone, and the cursor out of what is meant to be right."""
    parameters = case.path_parameters or {}
    for name, value in parameters.items():
        if str(value) == SELF:
            parameters[name] = str(uuid4())
    # A cursor is signed: one that is made up is never right, though its schema says text.
    if case.meta is not None and case.meta.generation.mode.is_positive and case.query:
        case.query.pop("cursor", None)
    # A key that was used before answers as it did then, or refuses another body, whatever else the
    # request says. Keys that are wrong in themselves stay.
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and RIGHT_KEY.fullmatch(str(value)):
            case.headers[name] = str(uuid4())
