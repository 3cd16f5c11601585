"""The OpenAPI document, and Swagger UI without a CDN."""

import re

import pytest

from .conftest import Rest


def test_the_page_and_all_that_it_loads_come_from_here(shared_rest: Rest) -> None:
    page = shared_rest("GET", "/docs", token=None)
    assert page.headers["Content-Type"] == ["text/html; charset=utf-8"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "docs/swagger-ui.js" in loaded
    for address in loaded:
        if address != "data:,":
            assert shared_rest("GET", f"/{address}", token=None).status == 200
    assert "://" not in page.text


def test_the_page_may_run_our_scripts_only(shared_rest: Rest) -> None:
    (policy,) = shared_rest("GET", "/docs", token=None).headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy


def test_authorize_takes_a_bearer_token_or_an_api_key(shared_rest: Rest) -> None:
    document = shared_rest("GET", "/openapi.json", token=None).json
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    key = schemes["apiKey"]
    assert (key["type"], key["in"], key["name"]) == ("apiKey", "header", "X-API-Key")
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["security"] in ([], [{"bearer": []}], [{"bearer": []}, {"apiKey": []}])


@pytest.mark.parametrize("name", ["nothing.js", "..%2fhandler.py", "__init__.py"])
def test_there_is_nothing_else(shared_rest: Rest, name: str) -> None:
    assert shared_rest("GET", f"/docs/{name}", token=None).status == 404
