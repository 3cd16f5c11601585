"""Parse a result according to its version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork_core.errors import Fault, Invalid
from groundwork_core.knowledge.model import RESULT_CONTRACT, ExtractionResult, StatedResult
from groundwork_core.knowledge.result_2 import RESULT_CONTRACT_2, ExtractionResult2

RESULTS: Mapping[str, type[StatedResult]] = {
    RESULT_CONTRACT: ExtractionResult,
    RESULT_CONTRACT_2: ExtractionResult2,
}


def read_result(given: Mapping[str, Any]) -> StatedResult:
    """Return the validated result.

    Raises:
        Invalid: the result names an unknown version.
        ValidationError: the result breaks the contract of its version.
    """
    named = given.get("contract")
    model = RESULTS.get(named) if isinstance(named, str) else None
    if model is None:
        raise Invalid(
            "The input is invalid; see errors.",
            (Fault("/contract", f"must be one of {', '.join(RESULTS)}"),),
        )
    return model.model_validate(given)
