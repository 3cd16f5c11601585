"""Write layers/deps/requirements.txt: the packages that the functions import.

Run it with the project's environment after `make lock`:

    .venv/bin/python infra/pipeline/layer_requirements.py

It follows the requirements of the installed distributions from requirements/app.in, and copies the
pin and hashes of each package from requirements/app.txt.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LAYERS = {"deps": "app.in", "pages": "pages.in", "languages": "languages.in"}
"""Requirements of each layer, by its folder; packages of `deps` are left out of the others."""

COMMAND_LINES = {"pip", "setuptools", "wheel", "click", "inquirer", "pyyaml"}
"""Packages that Chalice requires for its command line only."""
UNUSED = {"numpy"}
"""Requirements of py3langid's code; only its model is used (groundwork_data/languages.py)."""

HEADER = """\
# Third-party packages of the functions. Made by infra/pipeline/layer_requirements.py; do not edit.
"""
_LAMBDA = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "python_version": "3.12",
    "python_full_version": "3.12.0",
}


def layer_requirements(layer: str = "deps", root: Path = ROOT) -> str:
    """Return the text of layers/<layer>/requirements.txt."""
    pins = _pins((root / "requirements" / "container.txt").read_text())
    names = _closure(_wanted(root, layer))
    if layer != "deps":
        names -= _closure(_wanted(root, "deps"))
    return HEADER + "".join(pins[name] for name in sorted(names))


def _wanted(root: Path, layer: str) -> list[Requirement]:
    lines = (root / "requirements" / LAYERS[layer]).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def _closure(roots: list[Requirement]) -> set[str]:
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = list(roots)
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if name in COMMAND_LINES | UNUSED or key in seen:
            continue
        seen.add(key)
        found.add(name)
        todo += _requirements(name, requirement.extras)
    return found


def _requirements(name: str, extras: set[str]) -> Iterator[Requirement]:
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**_LAMBDA, "extra": e}) for e in (*extras, "")):
            yield requirement


def _pins(lock: str) -> dict[str, str]:
    """Return the lines of a lock file, hashes included, by package name.

    If a package has different pins by environment, this is the pin of Lambda's, without its marker,
    which pip would compare with the Python of the build.
    """
    found = {}
    for block in re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+.*)*\n?", lock, re.MULTILINE):
        first, line_break, rest = block.partition("\n")
        pin, _, marker = first.removesuffix("\\").partition(";")
        if marker and not Marker(marker.strip()).evaluate({**_LAMBDA, "extra": ""}):
            continue
        end = " \\" if first.endswith("\\") else ""
        name = canonicalize_name(re.split(r"[=\[ ]", pin)[0])
        found[name] = f"{pin.strip()}{end}{line_break}{rest}"
    return found


if __name__ == "__main__":
    for name in LAYERS:
        file = ROOT / "layers" / name / "requirements.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(layer_requirements(name))
        sys.stdout.write(f"{file}: {len(_pins(file.read_text()))} packages\n")
