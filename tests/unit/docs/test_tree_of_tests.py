"""The folders of unit tests mirror the packages, such as unit/core/sources."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "tests" / "unit"
OTHERS = {"docs", "migrations", "pipeline", "template"}
"""Folders of tests of other things than a package, such as infra/pipeline and template.yaml."""


def packages() -> dict[str, Path]:
    """Return the folder of each package by its name without `groundwork_`."""
    found = (ROOT / root for root in ("layers", "functions", "infra"))
    folders = [one for root in found for one in root.glob("**/groundwork_*") if one.is_dir()]
    return {one.name.removeprefix("groundwork_"): one for one in folders}


def test_each_folder_of_unit_tests_has_the_name_of_a_package() -> None:
    known = packages()
    strange = []
    for test in UNIT.glob("**/test_*.py"):
        name, *inner = test.parent.relative_to(UNIT).parts
        if name not in OTHERS and not (name in known and known[name].joinpath(*inner).is_dir()):
            strange.append(str(test.relative_to(ROOT)))
    assert strange == []
