"""The OpenAPI document, and Swagger UI without a CDN."""

import re

import pytest

from .conftest import Rest


def test_the_documentation_page_loads_its_files_from_the_instance(shared_rest: Rest) -> None:
    page = shared_rest("GET", "/docs", token=None)
    assert page.headers["Content-Type"] == ["text/html; charset=utf-8"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "docs/swagger-ui.js" in loaded
    for address in loaded:
        if address != "data:,":
            assert shared_rest("GET", f"/{address}", token=None).status == 200
    assert "://" not in page.text


def test_the_documentation_page_may_run_only_its_own_scripts(shared_rest: Rest) -> None:
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


@pytest.mark.parametrize("path", ["/health/live", "/docs", "/openapi.json"])
def test_public_pages_ignore_unknown_parameters(shared_rest: Rest, path: str) -> None:
    assert shared_rest("GET", path, token=None, query={"at": "1796082609"}).status == 200


def test_other_operations_refuse_unknown_parameters(shared_rest: Rest) -> None:
    refused = shared_rest("GET", "/api/v1/ingestion", query={"at": "1796082609"})
    assert (refused.status, refused.pointers) == (422, {"/at"})


@pytest.mark.parametrize("name", ["nothing.js", "..%2fhandler.py", "__init__.py"])
def test_other_documentation_files_are_404(shared_rest: Rest, name: str) -> None:
    assert shared_rest("GET", f"/docs/{name}", token=None).status == 404
