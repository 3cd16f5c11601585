"""Where the project's own files are: the template, the migrations."""

import os
from pathlib import Path


def root() -> Path:
    """The folder of template.yaml: GROUNDWORK_ROOT, else the checkout this package lies in."""
    given = os.environ.get("GROUNDWORK_ROOT")
    return Path(given) if given else Path(__file__).resolve().parents[4]


def template() -> Path:
    """The one list of functions, routes, queues and schedules."""
    return root() / "template.yaml"


def migrations() -> Path:
    """The folder of migrations, with `postgres` and `graph` in it."""
    return root() / "migrations"
