"""The layer's requirements are the lock's, less what Lambda has and what nobody imports there."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "infra" / "pipeline" / "layer_requirements.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("layer_requirements", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("layer", ["deps", "pages", "languages"])
def test_the_layers_requirements_are_those_of_the_lock(layer: str) -> None:
    made = script().layer_requirements(layer)
    assert (ROOT / "layers" / layer / "requirements.txt").read_text() == made, (
        "run .venv/bin/python infra/pipeline/layer_requirements.py"
    )


def test_boto3_is_pinned_and_nothing_that_builds_packages_is_in_it() -> None:
    text = (ROOT / "layers" / "deps" / "requirements.txt").read_text()
    names = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    assert {"pydantic", "psycopg-binary", "urllib3", "boto3", "botocore"} <= names
    assert not names & {"pip", "setuptools", "inquirer", "blessed", "pyyaml"}
