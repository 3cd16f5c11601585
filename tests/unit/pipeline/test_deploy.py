"""The id of a build, and the parameters of a stage."""

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def deploy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy", ROOT / "infra/pipeline/deploy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "CoreLayer").mkdir()
    (tmp_path / "CoreLayer" / "one.py").write_text("1")
    (tmp_path / "template.yaml").write_text("Resources: {}")
    return tmp_path


def test_the_same_build_has_the_same_id(deploy: ModuleType, build: Path) -> None:
    one = deploy.build_id(build, ["Stage=dev", "RateLimit=5"])
    assert one == deploy.build_id(build, ["RateLimit=5", "Stage=dev"])
    assert len(one) == 10


def test_a_changed_layer_and_a_changed_parameter_change_the_id(
    deploy: ModuleType, build: Path
) -> None:
    first = deploy.build_id(build, ["Stage=dev"])
    assert deploy.build_id(build, ["Stage=dev", "RateLimit=5"]) != first
    (build / "CoreLayer" / "one.py").write_text("2")
    assert deploy.build_id(build, ["Stage=dev"]) != first


def test_a_moved_file_changes_the_id(deploy: ModuleType, build: Path) -> None:
    first = deploy.build_id(build, [])
    (build / "CoreLayer" / "one.py").rename(build / "CoreLayer" / "other.py")
    assert deploy.build_id(build, []) != first


def test_a_deployment_without_a_build_says_what_to_do(deploy: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make build"):
        deploy.build_id(tmp_path / "none", [])


def test_given_parameters_replace_those_of_the_stage(deploy: ModuleType) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    found = deploy.parameters_of(config, "staging", ["HttpConcurrency=7", "Canary=false"])
    assert {"Stage=staging", "HttpConcurrency=7", "Canary=false"} <= set(found)
    assert len({one.split("=")[0] for one in found}) == len(found)
