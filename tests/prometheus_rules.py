"""The alert rules, as a test reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "infra" / "observability" / "prometheus"


@dataclass(frozen=True)
class Alert:
    """One rule."""

    file: str
    name: str
    expression: str
    labels: dict[str, str]
    annotations: dict[str, str]


def alerts() -> list[Alert]:
    """Every rule of every file."""
    return list(_alerts())


def _alerts() -> Iterator[Alert]:
    for path in sorted((FOLDER / "rules").glob("*.yml")):
        for rule in rules_in(yaml.safe_load(path.read_text())):
            yield Alert(path.name, rule["alert"], rule["expr"], rule["labels"], rule["annotations"])


def rules_in(document: Any) -> list[dict[str, Any]]:
    """The rules of one file, to read or to change."""
    return [rule for group in document["groups"] for rule in group["rules"]]
