"""docs/settings.md is generated from the settings models and names every variable."""

import re
from pathlib import Path

from groundwork_command.commands import settings_page

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "settings.md").read_text()
FOLDERS = ("layers", "functions", "infra", "localstack", "migrations", "tests")
VARIABLE = re.compile(r"\bGROUNDWORK_[A-Z0-9_]*[A-Z0-9]\b")


def used() -> set[str]:
    """The names of Groundwork's variables in the code and in template.yaml."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {
        name
        for path in (*files, ROOT / "template.yaml")
        for name in VARIABLE.findall(path.read_text())
    }


def test_the_page_is_what_the_models_say() -> None:
    assert settings_page.page() == PAGE, "run `groundwork settings --write`"


def test_every_variable_that_is_used_is_on_the_page() -> None:
    assert used() - set(VARIABLE.findall(PAGE)) == set()


def test_a_variable_that_is_not_on_the_page_is_noticed() -> None:
    without = PAGE.replace("`GROUNDWORK_WAIT_LINE`", "")
    assert used() - set(VARIABLE.findall(without)) == {"GROUNDWORK_WAIT_LINE"}


def test_every_variable_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    assert all(len(row) == 4 and row[2].strip() for row in rows)
