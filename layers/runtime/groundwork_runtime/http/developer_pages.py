"""Pages for developers: Swagger UI and GraphiQL."""

from groundwork_core.errors import NotFound
from groundwork_runtime.settings import Settings


def must_be_shown(settings: Settings) -> None:
    """Raise NotFound where these pages are off: outside `local`, unless a setting allows them."""
    if not settings.shows_pages:
        raise NotFound("This page is disabled here; GROUNDWORK_PAGES=on enables it.")
