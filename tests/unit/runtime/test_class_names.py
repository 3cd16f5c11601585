"""Each class name has one meaning in the core, the runtime and the functions."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import groundwork_core
import groundwork_functions
import groundwork_runtime

PACKAGES = (groundwork_core, groundwork_runtime, groundwork_functions)


def class_names(source: str) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]


def repeated(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the class names that are defined more than once, with the files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, source in sources:
        for name in class_names(source):
            found[name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def test_each_class_name_is_defined_once() -> None:
    folders = [Path(str(package.__file__)).parent for package in PACKAGES]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    assert len(files) > 100
    assert repeated((str(file), file.read_text(encoding="utf-8")) for file in files) == {}


def test_a_name_that_is_defined_twice_is_found() -> None:
    sources = [("a.py", "class Answer: ..."), ("b.py", "def f():\n    class Answer: ...")]
    assert repeated(sources) == {"Answer": ["a.py", "b.py"]}
