"""The output of `sam build`: a function contains only itself, layers stay below the limit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from groundwork_command.emulator_bootstrap.deploy import zipped

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
LAMBDA_UNZIPPED_BYTES = 250 * 1024 * 1024
# Ours: what a cold start has to fetch should stay small.
FUNCTION_ZIP_BYTES = 128 * 1024
LAYERS_UNZIPPED_BYTES = 90 * 1024 * 1024
FETCH_UNZIPPED_BYTES = 180 * 1024 * 1024

IMPORT_ALL = """
import importlib, json, pkgutil, sys
layers, package = json.loads(sys.argv[1]), sys.argv[2]
sys.path[:0] = layers
root = importlib.import_module(package)
names = [m.name for m in pkgutil.walk_packages(root.__path__, package + ".")]
for name in [package, *names]:
    importlib.import_module(name)
lent = [m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)
        and m.__name__.startswith("groundwork_")
        and not any(m.__file__.startswith(p) for p in layers)]
assert not lent, lent
"""


class _Loader(yaml.SafeLoader):
    """Takes every tag as nothing."""


_Loader.add_multi_constructor("!", lambda *_: None)


def resources(kind: str) -> list[str]:
    template = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    return [name for name, one in template["Resources"].items() if one["Type"] == kind]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


FUNCTIONS = resources("AWS::Serverless::Function")


def snake(logical_id: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in logical_id).lstrip("_")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_zip_holds_its_own_package_and_nothing_else(
    lambda_build: Path, function: str
) -> None:
    packed = lambda_build / function
    root = packed / "groundwork_functions"
    assert [path.name for path in packed.iterdir()] == [root.name]
    assert {path.name for path in root.iterdir()} == {"__init__.py", snake(function)}
    assert {path.suffix for path in packed.rglob("*") if path.is_file()} <= {
        ".py", ".graphql", ".js", ".css", ".html", ".json", ".svg", ".cypher",
    }  # fmt: skip
    source = ROOT / "functions" / root.name / snake(function)
    assert {path.name for path in (root / snake(function)).rglob("*.py")} == {
        path.name for path in source.rglob("*.py")
    }
    body = zipped(packed)
    print(f"{function}: {len(body):,} bytes zipped")
    assert len(body) < FUNCTION_ZIP_BYTES


def test_the_layers_together_stay_far_below_lambdas_limit(lambda_build: Path) -> None:
    layers = resources("AWS::Serverless::LayerVersion")
    sizes = {layer: size(lambda_build / layer) for layer in layers}
    for layer in layers:
        zip_bytes = len(zipped(lambda_build / layer))
        print(f"{layer}: {sizes[layer] / 1e6:.1f} MB, {zip_bytes / 1e6:.1f} MB zipped")
    largest = max(size(lambda_build / function) for function in FUNCTIONS)
    pages = sizes.pop("PagesLayer")  # of the function Fetch alone
    languages = sizes.pop("LanguagesLayer")  # of the function DocumentMarks alone
    assert sum(sizes.values()) + largest < LAYERS_UNZIPPED_BYTES
    for one in (pages, languages):
        assert sum(sizes.values()) + one + largest < FETCH_UNZIPPED_BYTES < LAMBDA_UNZIPPED_BYTES


def test_no_layer_holds_tests_caches_or_the_command_lines_of_others(lambda_build: Path) -> None:
    layer = lambda_build / "DepsLayer" / "python"
    names = {path.name for path in layer.iterdir()}
    assert not names & {
        "pip",
        "setuptools",
        "wheel",
        "inquirer",
        "blessed",
        "bin",
    }
    assert not [path for path in layer.rglob("*") if path.name in {"__pycache__", "tests"}]


def test_compiled_parts_are_for_lambdas_python_and_machine(lambda_build: Path) -> None:
    compiled = [path.name for path in (lambda_build / "DepsLayer").rglob("*.so")]
    assert compiled
    assert not [
        name for name in compiled if "cpython-3" in name and "cpython-312-aarch64" not in name
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_zip_and_layers_are_all_that_a_function_imports(own_build: Path, function: str) -> None:
    layers = [
        str(own_build / name / "python") for name in resources("AWS::Serverless::LayerVersion")
    ]
    done = subprocess.run(
        [
            sys.executable, "-I", "-S", "-c", IMPORT_ALL,
            json.dumps([str(own_build / function), *layers]),
            f"groundwork_functions.{snake(function)}",
        ],
        env={"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_METRICS_NAMESPACE": "test"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
