"""Passages of an item that match the words of a search."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Highlights(BaseModel):
    """Passages as HTML, escaped but for `<mark>` around the words that match."""

    model_config = ConfigDict(defer_build=True)

    title: str
    text: str = Field(description="Up to two passages of the text's first 50,000 characters.")
