"""The GraphiQL page loads nothing from other servers."""

import re
from typing import Any

import pytest

from groundwork_functions.graph_api import page
from groundwork_functions.graph_api.handler import handler

REFERENCES = re.compile(r"""(?:src|href)="([^"]+)\"""")


def test_the_page_refers_only_to_files_that_the_function_serves() -> None:
    answer = page.page()
    text = str(answer.body)
    references = [r for r in REFERENCES.findall(text) if r != "data:,"]
    assert len(references) == len(page.ASSETS)
    for reference in references:
        folder, _, name = reference.partition("/")
        assert folder == "graphql"
        assert page.asset(name).body
    assert "http:" not in text
    assert "https:" not in text
    assert "<script>" not in text


def test_the_page_may_load_and_reach_nothing_else() -> None:
    policy = page.page().headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy


def test_no_part_of_the_page_loads_from_elsewhere() -> None:
    for name, (_, _, kind) in page.ASSETS.items():
        text = str(page.asset(name).body)
        assert "sourceMappingURL=http" not in text
        if kind == page.STYLE:
            assert not re.search(r"url\((?!['\"]?data:)", text)
            assert "@import" not in text


class Context:
    aws_request_id = "r1"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/graphql", 200),
        ("GET", "/graphql/start.js", 200),
        ("GET", "/graphql/nothing.js", 404),
        ("HEAD", "/graphql/nothing.js", 404),
        ("HEAD", "/graphql", 200),
        ("GET", "/graphql/..%2fhandler.py", 404),
        ("DELETE", "/graphql", 405),
        ("POST", "/graphql", 401),
    ],
)
def test_the_function_serves_the_page_openly_and_queries_to_callers_only(
    method: str, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_runtime.logs.configure", lambda *_: None)
    event: dict[str, Any] = {
        "httpMethod": method,
        "path": path,
        "headers": {"Content-Type": "application/json"},
        "body": '{"query": "{ __typename }"}' if method == "POST" else None,
        "requestContext": {"requestId": "r1"},
    }
    answer = handler(event, Context())
    assert answer["statusCode"] == status
    if status == 401:
        assert '"code": "UNAUTHENTICATED"' in answer["body"]
        assert answer["multiValueHeaders"]["WWW-Authenticate"]
