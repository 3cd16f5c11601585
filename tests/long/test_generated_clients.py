"""Clients generated from the committed document, in Python and TypeScript, compile and work.

Everything that generates and compiles is pinned: Python's in requirements/contract.txt (Node.js and
npm too, so the machine needs neither), npm's in clients/package-lock.json, which npm installs into
a folder of the test's own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.child_instance import Instance

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "functions" / "groundwork_functions" / "rest_api" / "openapi.json"
CLIENTS = Path(__file__).parent / "clients"
TOOLS = ROOT / ".venv" / "contract" / "bin"
TOLD = "smoke passed\n"
Document = dict[str, Any]
Done: TypeAlias = "subprocess.CompletedProcess[str]"


def done(folder: Path, command: str, *arguments: object) -> Done:
    """Run a command of the tools to its end, or of npm's packages in the folder."""
    if not (TOOLS / "npm").exists():
        pytest.fail("the generators are not installed: run `make test-long`, which installs them")
    path = os.pathsep.join(map(str, (folder / "node_modules" / ".bin", TOOLS, os.environ["PATH"])))
    found = shutil.which(command, path=path)
    assert found, f"{command} is not there"
    return subprocess.run(
        [found, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def good(one: Done) -> str:
    assert one.returncode == 0, one.stdout[-10_000:] + one.stderr[-10_000:]
    return one.stdout


def python_generated(document: Path, folder: Path) -> Done:
    # As it was generated: the generator's own way to tidy up after itself breaks types.
    return done(
        folder,
        "openapi-python-client",
        "generate",
        f"--path={document}",
        f"--output-path={folder / 'generated_client'}",
        f"--config={CLIENTS / 'generator.json'}",
        "--meta=none",
        "--fail-on-warning",
    )


def python_checked(folder: Path) -> Done:
    """Types of the client and of the program that uses it; our mypy, the client's environment."""
    shutil.copy(CLIENTS / "smoke.py", folder)
    mypy, python = Path(sys.executable).with_name("mypy"), TOOLS / "python"
    strict = ("--config-file=", "--strict", f"--python-executable={python}")
    return done(folder, str(mypy), *strict, "generated_client", "smoke.py")


def typescript_generated(document: Path, folder: Path) -> Done:
    # What has a default may be left out of a body.
    options = (f"--output={folder / 'api.d.ts'}", "--default-non-nullable=false")
    return done(folder, "openapi-typescript", document, *options)


def typescript_checked(folder: Path) -> Done:
    return done(folder, "tsc", "--project", folder)


@pytest.fixture(scope="module")
def npm_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the TypeScript client needs, installed as the lock file says."""
    folder = tmp_path_factory.mktemp("npm") / "client"
    shutil.copytree(CLIENTS, folder)
    installed = done(folder, "npm", "ci")
    assert installed.returncode == 0, f"npm could not install its packages:\n{installed.stderr}"
    return folder


def test_a_python_client_compiles_and_works(instance: Instance, tmp_path: Path) -> None:
    good(python_generated(DOCUMENT, tmp_path))
    good(done(tmp_path, "python", "-m", "compileall", "-q", "generated_client"))
    good(python_checked(tmp_path))
    modules = len(list((tmp_path / "generated_client" / "api").glob("*/[!_]*.py")))
    assert modules == len(list(operations(json.loads(DOCUMENT.read_text()))))

    smoke = done(tmp_path, "python", "smoke.py", instance.url, instance.email, instance.password)
    assert good(smoke) == TOLD


def test_a_typescript_client_compiles_and_works(instance: Instance, npm_packages: Path) -> None:
    good(typescript_generated(DOCUMENT, npm_packages))
    good(typescript_checked(npm_packages))

    smoke = done(npm_packages, "node", "smoke.ts", instance.url, instance.email, instance.password)
    assert good(smoke) == TOLD


def operations(document: Document) -> list[Document]:
    return [one for item in document["paths"].values() for one in item.values()]


def written(folder: Path, break_it: Callable[[Document], None]) -> Path:
    document = json.loads(DOCUMENT.read_text())
    break_it(document)
    file = folder / "broken.json"
    file.write_text(json.dumps(document))
    return file


def object_as_default(document: Document) -> None:
    schedule = document["components"]["schemas"]["NewSource"]["properties"]["schedule"]
    schedule["default"] = {"kind": "interval", "every_seconds": 900}


def second_body(document: Document) -> None:
    content = document["paths"]["/api/v1/entities/{entity_id}"]["patch"]["requestBody"]["content"]
    content["application/merge-patch+json"] = content["application/json"]


def without_if_match(document: Document) -> None:
    patch = document["paths"]["/api/v1/entities/{entity_id}"]["patch"]
    patch["parameters"] = [one for one in patch["parameters"] if one["name"] != "If-Match"]


def test_an_operation_that_a_generator_leaves_out_is_found(tmp_path: Path) -> None:
    made = python_generated(written(tmp_path, object_as_default), tmp_path)
    assert made.returncode == 1
    assert "POST /api/v1/sources" in made.stdout + made.stderr


@pytest.mark.parametrize("break_it", [second_body, without_if_match])
def test_a_python_client_that_does_not_fit_is_found(
    tmp_path: Path, break_it: Callable[[Document], None]
) -> None:
    good(python_generated(written(tmp_path, break_it), tmp_path))
    checked = python_checked(tmp_path)
    assert checked.returncode == 1
    assert "change_entity" in checked.stdout


def test_a_typescript_client_that_does_not_fit_is_found(npm_packages: Path, tmp_path: Path) -> None:
    folder = tmp_path / "client"
    shutil.copytree(npm_packages, folder, symlinks=True)
    good(typescript_generated(written(folder, without_if_match), folder))
    checked = typescript_checked(folder)
    assert checked.returncode != 0
    assert "If-Match" in checked.stdout
