"""The stages in which the pages for developers are served."""

import pytest

from groundwork_core.errors import NotFound
from groundwork_runtime.http.developer_pages import must_be_shown
from groundwork_runtime.settings import Settings


def settings(stage: str, pages: str) -> Settings:
    return Settings.from_environment({"GROUNDWORK_ENV": stage, "GROUNDWORK_PAGES": pages})


@pytest.mark.parametrize(
    ("stage", "pages"), [("local", ""), ("local", "auto"), ("prod", "on"), ("staging", "on")]
)
def test_developer_pages_are_shown_locally_and_if_enabled(stage: str, pages: str) -> None:
    must_be_shown(settings(stage, pages))


@pytest.mark.parametrize(
    ("stage", "pages"), [("dev", ""), ("staging", "auto"), ("prod", ""), ("local", "off")]
)
def test_developer_pages_are_not_found_elsewhere(stage: str, pages: str) -> None:
    with pytest.raises(NotFound, match="GROUNDWORK_PAGES"):
        must_be_shown(settings(stage, pages))
