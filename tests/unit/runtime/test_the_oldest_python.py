"""Everything can be imported by the oldest Python that the README names: 3.11.0 and later."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOTS = sorted(
    path.parent
    for part in ("layers", "functions", "infra")
    for path in (ROOT / part).rglob("groundwork_*/__init__.py")
    if not path.parent.parent.name.startswith("groundwork_")
)
IMPORT_ALL = """
import importlib, json, sys, traceback
failed = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):
        failed[name] = traceback.format_exc()
json.dump(failed, sys.stdout)
"""
RUN_BY_THEMSELVES = {"groundwork_lambda_host.environments.bootstrap"}
"""Programs that read what an environment is given before they are anything."""


def oldest() -> str | None:
    """The oldest interpreter here that runs the same compiled packages as this one."""
    wanted = sys.version_info[:2]
    names = {"python3", "python{}.{}".format(*wanted), *map(str, Path("/usr/bin").glob("python3*"))}
    found: dict[tuple[int, ...], str] = {}
    for name in names:
        path = shutil.which(name)
        if path is None or "config" in path:
            continue
        said = subprocess.run(
            [path, "-c", "import sys; print(*sys.version_info[:3])"],
            capture_output=True,
            text=True,
            check=False,
        )
        version = tuple(map(int, said.stdout.split())) if said.returncode == 0 else ()
        if version[:2] == wanted:
            found[version] = path
    return found[min(found)] if found and min(found) < sys.version_info[:3] else None


def modules() -> list[str]:
    """Every module of ours, by its dotted name."""
    names = []
    for package in ROOTS:
        for path in package.rglob("*.py"):
            parts = path.relative_to(package.parent).with_suffix("").parts
            names.append(".".join(part for part in parts if part != "__init__"))
    return sorted(set(names) - RUN_BY_THEMSELVES)


def failures(python: str, names: list[str], *folders: Path) -> dict[str, str]:
    """Return the error of each module that cannot be imported."""
    ours = [str(package.parent) for package in ROOTS]
    path = [*map(str, folders), *ours, sysconfig.get_paths()["purelib"]]
    done = subprocess.run(
        [python, "-P", "-s", "-W", "ignore", "-c", IMPORT_ALL],
        input=json.dumps(names),
        env={"PYTHONPATH": ":".join(path), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, str] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter older than the one that runs the tests."""
    found = oldest()
    if found is None:
        pytest.skip("needs an older interpreter of this minor version")
    return found


def test_every_module_is_imported_by_an_older_python(python: str) -> None:
    names = modules()
    assert {"groundwork_functions.rest_api.handler", "groundwork_command.commands.up"} <= set(names)
    assert failures(python, names) == {}


def test_a_module_that_an_older_python_refuses_is_seen(python: str, tmp_path: Path) -> None:
    """With the guard disabled: the default that Python before 3.11.4 does not take."""
    (tmp_path / "refused.py").write_text(
        "import sys\nif sys.version_info < " + repr(tuple(sys.version_info[:3])) + ":\n"
        "    raise ValueError('too old')\n"
    )
    assert list(failures(python, ["refused", "json"], tmp_path)) == ["refused"]
