import pytest

from groundwork_lambda_host.gateway import Routes
from groundwork_lambda_host.template import Route

ROUTES = Routes(
    Route(method, path, path)
    for method, path in [
        ("ANY", "/"),
        ("ANY", "/a/{proxy+}"),
        ("GET", "/a/b"),
        ("GET", "/a/{id}"),
        ("POST", "/a/{id}"),
        ("GET", "/a/{id}/c"),
        ("ANY", "/docs"),
    ]
)


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/", "/", None),
        ("/a/b", "/a/b", None),
        ("/a/x", "/a/{id}", {"id": "x"}),
        ("/a/b%2Fc", "/a/{id}", {"id": "b/c"}),
        ("/a/x/c", "/a/{id}/c", {"id": "x"}),
        ("/a/b/c", "/a/{id}/c", {"id": "b"}),
        ("/a/x/d", "/a/{proxy+}", {"proxy": "x/d"}),
        ("/a/x/c/d", "/a/{proxy+}", {"proxy": "x/c/d"}),
        ("/docs", "/docs", None),
        ("/docs/", "/docs", None),
    ],
)
def test_an_exact_route_precedes_a_parameter_and_a_parameter_precedes_a_proxy_route(
    path: str, resource: str, parameters: dict[str, str] | None
) -> None:
    match = ROUTES.find(path)

    assert match is not None
    assert (match.resource, match.parameters) == (resource, parameters)


@pytest.mark.parametrize("path", ["/b", "/a", "/a/", "/docs/x", "//a/b", "/a%2Fb", ""])
def test_a_path_without_a_route_is_not_found(path: str) -> None:
    assert ROUTES.find(path) is None


def test_the_methods_of_a_path_are_known() -> None:
    match = ROUTES.find("/a/x")

    assert match is not None
    assert match.allow == "GET, HEAD, POST"
    assert match.route("DELETE") is None
    assert match.route("GET") == Route("GET", "/a/{id}", "/a/{id}")
