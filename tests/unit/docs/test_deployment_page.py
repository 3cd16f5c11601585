"""Measurements of a deployment write their own section of one page."""

from benchmarks.deployment.page import replaced

PAGE = "# Deployment\n\nIntro.\n\n## Images\nold\n\n## Compose\nkept\n"


def test_a_section_is_replaced_and_others_stay() -> None:
    assert replaced(PAGE, "Images", "new\n") == PAGE.replace("old", "new")
    assert replaced(PAGE, "Compose", "two\nlines") == PAGE.replace("kept", "two\nlines")


def test_a_new_section_comes_last() -> None:
    assert replaced(PAGE, "Hosts", "text") == PAGE + "\n## Hosts\ntext\n"
