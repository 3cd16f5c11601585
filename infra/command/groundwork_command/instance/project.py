"""Locations of the project's files: template and migrations."""

import os
from pathlib import Path


def root() -> Path:
    """Return the folder of template.yaml: GROUNDWORK_ROOT, else the checkout of this package."""
    given = os.environ.get("GROUNDWORK_ROOT")
    return Path(given) if given else Path(__file__).resolve().parents[4]


def template() -> Path:
    """Return the path of template.yaml."""
    return root() / "template.yaml"


def migrations() -> Path:
    """Return the folder that holds the migrations of `postgres` and `graph`."""
    return root() / "migrations"
