"""Each class name has one meaning: in the layers, functions and command, and in the host.

The models of tables (groundwork_data.orm) are a public package with names of its own: its `Entity`
is a row of `entities`, as the `Entity` of the API is its JSON. Each name occurs once in it, too.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest

import groundwork_command
import groundwork_core
import groundwork_data
import groundwork_functions
import groundwork_lambda_host
import groundwork_runtime

TABLES = ("postgres", "tables")
OURS = (
    groundwork_core,
    groundwork_data,
    groundwork_runtime,
    groundwork_functions,
    groundwork_command,
)


def class_names(source: str) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]


def repeated(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the class names that are defined more than once, with the files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, source in sources:
        for name in class_names(source):
            found[name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def files_of(package: ModuleType) -> list[Path]:
    return sorted(Path(str(package.__file__)).parent.rglob("*.py"))


def ours() -> list[Path]:
    files = [file for package in OURS for file in files_of(package)]
    return [file for file in files if file.parts[-3:-1] != TABLES]


def tables() -> list[Path]:
    return [file for file in files_of(groundwork_data) if file.parts[-3:-1] == TABLES]


@pytest.mark.parametrize(
    ("files", "at_least"),
    [(ours, 300), (tables, 10), (lambda: files_of(groundwork_lambda_host), 50)],
    ids=["layers, functions and command", "tables", "host"],
)
def test_each_class_name_is_defined_once(files: Callable[[], list[Path]], at_least: int) -> None:
    found = files()
    assert len(found) > at_least
    assert repeated((str(file), file.read_text(encoding="utf-8")) for file in found) == {}


def test_a_name_that_is_defined_twice_is_found() -> None:
    sources = [("a.py", "class Answer: ..."), ("b.py", "def f():\n    class Answer: ...")]
    assert repeated(sources) == {"Answer": ["a.py", "b.py"]}
