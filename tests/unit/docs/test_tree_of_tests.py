"""The folders of tests mirror the packages, such as unit/core/sources."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OTHERS = {
    "unit": {"docs", "migrations", "pipeline", "template"},
    "integration": {"fixtures"},
}
"""Folders of tests of other things than a package, such as infra/pipeline and template.yaml."""


def packages() -> dict[str, Path]:
    """Return the folder of each package by its name without `groundwork_`."""
    found = (ROOT / root for root in ("layers", "functions", "infra"))
    folders = [one for root in found for one in root.glob("**/groundwork_*") if one.is_dir()]
    return {one.name.removeprefix("groundwork_"): one for one in folders}


def outside_of_packages(tree: Path, others: set[str]) -> list[str]:
    """Return the tests whose folder has the name of no package and is none of the others."""
    known = packages()
    found = []
    for test in sorted(tree.glob("**/test_*.py")):
        name, *inner = (*test.relative_to(tree).parts[:-1], "")
        if name not in others and not (name in known and known[name].joinpath(*inner).is_dir()):
            found.append(str(test.relative_to(tree)))
    return found


@pytest.mark.parametrize("tree", list(OTHERS))
def test_each_folder_of_tests_has_the_name_of_a_package(tree: str) -> None:
    assert outside_of_packages(ROOT / "tests" / tree, OTHERS[tree]) == []


def test_a_folder_of_another_name_is_found(tmp_path: Path) -> None:
    for name in ("core/jobs/test_a.py", "core/elsewhere/test_b.py", "area/test_c.py", "test_d.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = outside_of_packages(tmp_path, {"area"})
    assert found == ["core/elsewhere/test_b.py", "test_d.py"]
