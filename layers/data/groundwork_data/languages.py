"""Detect the language of a text with py3langid, whose model is in its wheel."""

from __future__ import annotations

from functools import cache
from typing import Any

SURE = 0.9
"""Smallest probability, among all languages that the model knows."""
TEXT_CHARACTERS = 4_000
"""More text changes no result."""


def detect_language(text: str) -> str | None:
    """Return the language of a text (ISO 639-1); None if it is not sure."""
    found, probability = _identifier().classify(text[:TEXT_CHARACTERS])
    return str(found) if probability >= SURE else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # loads numpy and the model

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
