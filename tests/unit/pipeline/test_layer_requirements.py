"""The layer's requirements are the lock's, less what Lambda has and what nobody imports there."""

import importlib.util
import re
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


def test_layers_and_images_have_the_aws_services_that_the_code_calls() -> None:
    """boto3 reads a service's description when its client is made, so no import misses one."""
    code = (ROOT / "layers/data/groundwork_data/aws/clients.py").read_text()
    called = set(re.findall(r'\.client\(\s*"([a-z0-9]+)"', code))
    assert {"sqs", "s3"} <= called
    kept = re.findall(r"^SERVICES = (.*)$", (ROOT / "layers/Makefile").read_text(), re.MULTILINE)
    assert set(kept[0].split()) == called
    slim = (ROOT / "infra/docker/slim.py").read_text()
    in_images = set(
        re.findall(r'^    "([a-z0-9-]+)",$', slim.split("AWS_SERVICES")[1], re.MULTILINE)
    )
    assert called <= in_images
    with_boto3 = {
        path for path in (ROOT / "layers").rglob("*.py") if "import boto3" in path.read_text()
    }
    assert {path.name for path in with_boto3} == {"clients.py"}
