"""The notes of a release are its section of the changelog."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
CHANGELOG = """\
# Changelog

## Unreleased

### Added
- New.

## 0.2.0 - 2026-11-30
- Second.

## [0.2.0.1]

## 0.1.0 - 2026-10-01
- First.
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "release_notes", ROOT / "infra/pipeline/release_notes.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v0.2.0", "- Second.\n"), ("0.1.0", "- First.\n"), ("Unreleased", "### Added\n- New.\n")],
)
def test_the_notes_are_the_section_of_the_version(
    script: ModuleType, version: str, expected: str
) -> None:
    assert script.notes(CHANGELOG, version) == expected


@pytest.mark.parametrize("version", ["v0.3.0", "0.2", "0.2.0.1", "x.2.0"])
def test_a_version_without_notes_is_refused(script: ModuleType, version: str) -> None:
    with pytest.raises(LookupError, match="says nothing"):
        script.notes(CHANGELOG, version)


def test_the_projects_own_changelog_has_notes(script: ModuleType) -> None:
    assert script.notes((ROOT / "CHANGELOG.md").read_text(), "Unreleased").startswith("### Added")
