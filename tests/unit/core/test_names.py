"""Names in the core: each class name has one meaning, and ports stand in ports.py."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import groundwork_core

CORE = Path(groundwork_core.__file__).parent
SHARED_PORTS = {"clock.py", "outbox.py", "queues.py", "unit_of_work.py"}
"""Ports that belong to no area."""
SHAPES_OF_DATA = {"EntityStatement", "EdgeStatement"}
"""Protocols that describe data, not something that a use case needs from outside."""


def sources() -> dict[str, str]:
    return {
        path.relative_to(CORE).as_posix(): path.read_text() for path in sorted(CORE.rglob("*.py"))
    }


def classes(files: Mapping[str, str]) -> Iterator[tuple[str, ast.ClassDef]]:
    for name, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                yield name, node


def repeated_names(files: Mapping[str, str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, node in classes(files):
        found[node.name].append(name)
    return {name: where for name, where in found.items() if len(where) > 1}


def is_protocol(node: ast.ClassDef) -> bool:
    names = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    return any(isinstance(name, ast.Name) and name.id == "Protocol" for name in names)


def misplaced_ports(files: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: {node.name}"
        for name, node in classes(files)
        if is_protocol(node)
        and not name.endswith("/ports.py")
        and name not in SHARED_PORTS
        and node.name not in SHAPES_OF_DATA
    ]


def test_no_class_name_is_used_twice() -> None:
    assert repeated_names(sources()) == {}


def test_ports_of_an_area_are_in_its_ports_module() -> None:
    assert misplaced_ports(sources()) == []


def test_a_second_class_of_a_name_is_found() -> None:
    files = sources() | {"jobs/again.py": "class JobRow: ...\n"}
    assert repeated_names(files) == {"JobRow": ["jobs/model.py", "jobs/again.py"]}


def test_a_port_beside_its_use_case_is_found() -> None:
    files = {"jobs/lease.py": "class Leases(Protocol[T]): ...\nclass Plain(Base): ...\n"}
    assert misplaced_ports(files) == ["jobs/lease.py: Leases"]
