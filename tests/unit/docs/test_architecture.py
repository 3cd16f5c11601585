"""The picture in docs/architecture.md is what template.yaml and import-linter say."""

import re
import tomllib
from pathlib import Path

from groundwork_lambda_host.template import Addresses, load

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PICTURE = PAGE.split("```mermaid")[1].split("```")[0]
LAYERS = PAGE.split("## Layers")[1].split("```")[1]
OUTSIDE = {"HTTP", "WebSocket", "Postgres", "Neo4j"}


def drawn(picture: str) -> set[str]:
    """The nodes that are named like resources of the template."""
    return set(re.findall(r"\b[A-Z][A-Za-z0-9]+\b", picture)) - OUTSIDE - {"LR"}


def declared() -> set[str]:
    parameters = {"DatabaseUrl": "unread", "Neo4jPassword": "unread"}
    stack = load(ROOT / "template.yaml", parameters, Addresses())
    schedules = {schedule.name for schedule in stack.schedules}
    queues = {queue.logical_id for queue in stack.queues}
    secrets = {secret.logical_id for secret in stack.secrets}
    return {*stack.functions, *queues, *schedules, *secrets}


def test_the_picture_names_every_function_queue_schedule_and_secret() -> None:
    assert declared() == drawn(PICTURE)


def test_a_function_that_is_not_in_the_picture_is_noticed() -> None:
    assert declared() != drawn(PICTURE.replace("GraphCheck", "GraphApi"))


def test_the_layers_are_those_that_import_linter_checks() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [one["layers"] for one in contracts["contracts"] if one["type"] == "layers"]
    assert [line.split()[0] for line in LAYERS.strip().splitlines()] == layers
