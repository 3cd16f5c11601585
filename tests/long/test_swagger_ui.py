"""Swagger UI in a browser: Authorize lets its operations through, with a token and with a key."""

import httpx2
import pytest
from tests.child_instance import Instance

from .browser import Page, new_page

pytestmark = pytest.mark.long
OPERATION = "#operations-identity-whoAmI"


@pytest.fixture(scope="module")
def credentials(instance: Instance) -> dict[str, str]:
    """Return valid input for each field of the Authorize dialogue."""
    with instance.client() as admin:
        made = admin.post("/api/v1/api-keys", json={"name": "page", "scopes": ["entities:read"]})
        assert made.status_code == 201, made.text
        token = admin.headers["Authorization"].removeprefix("Bearer ")
    return {"bearer": token, "apiKey": made.json()["key"]}


def field_of(scheme: str) -> str:
    return "#auth-bearer-value" if scheme == "bearer" else "#api_key_value"


def authorize(page: Page, scheme: str, value: str) -> None:
    """Type into the field of a scheme, press its button, close the dialogue."""
    page.click(".scheme-container .authorize")
    page.type(f".modal-ux {field_of(scheme)}", value)
    page.click(f'.modal-ux form:has({field_of(scheme)}) button[type="submit"]')
    page.click(".modal-ux .btn-done")


def executed(page: Page) -> tuple[str, str]:
    """Execute the operation; the status and the body that the page shows."""
    page.click(f"{OPERATION} .opblock-summary-control")
    live = f"{OPERATION} .live-responses-table .response"
    status = page.click_until(f"{OPERATION} .execute", f"{live} .response-col_status")
    return status, page.text(f"{live} .response-col_description")


@pytest.mark.parametrize("scheme", ["bearer", "apiKey"])
def test_an_authorized_caller_may_execute(
    instance: Instance, credentials: dict[str, str], scheme: str
) -> None:
    with new_page() as page:
        page.open(f"{instance.url}/docs")
        authorize(page, scheme, credentials[scheme])
        status, body = executed(page)
    assert status.startswith("200")
    assert instance.email in body


def test_an_unauthorized_caller_is_refused(instance: Instance) -> None:
    with new_page() as page:
        page.open(f"{instance.url}/docs")
        status, body = executed(page)
    assert status.startswith("401")
    assert "/problems/unauthenticated" in body


def test_the_page_loads_nothing_from_other_servers(instance: Instance) -> None:
    """Its policy allows no other origin, so that a token that was typed in stays here."""
    policy = httpx2.get(f"{instance.url}/docs").headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert "http" not in policy
