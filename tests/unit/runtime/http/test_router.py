import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from groundwork_runtime.http.router import (
    SIGNED_IN,
    Operation,
    Router,
    UndeclaredAccess,
    methods_at,
)


def handler() -> None:
    """Do nothing."""


def test_a_route_without_needs_or_open_is_refused() -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things")(handler)


def test_a_route_cannot_have_both_needs_and_open() -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things", needs="things:read", open="why not")(handler)


@pytest.mark.parametrize("needs", ["things", "things:delete", "", "admin"])
def test_needs_must_be_a_permission(needs: str) -> None:
    with pytest.raises(UndeclaredAccess):
        Router().get("/things", needs=needs)(handler)


def test_a_route_with_needs_or_open_is_registered() -> None:
    router = Router()
    router.get("/a", needs="things:read")(handler)
    router.post("/b", needs=SIGNED_IN)(handler)
    router.delete("/c", open="a reason")(handler)
    assert [one.path for one in router.operations] == ["/a", "/b", "/c"]


PATHS = ("/things/<thing_id>", "/things/<thing_id>/parts/<number>", "/openapi.json", "/things/bulk")
TRIED = [
    *(f"/things/a{chr(code)}b" for code in (*range(0x20, 0x7F), 0x7F, 0xA0, 0xE9, 0x4E2D, 0x1F600)),
    "/things/",
    "/things//",
    "/things/a/",
    "/things/a//",
    "/things/a\n",
    "/things/a/parts/1",
    "/things/a/parts/",
    "/things/bulk",
    "/things/bulk/",
    "/openapi.json",
    "/openapi-json",
    "/other",
]


@pytest.mark.parametrize("registered", PATHS)
def test_paths_are_matched_as_powertools_matches_them(registered: str) -> None:
    """`methods_at` must agree with the resolver; a new version may match otherwise."""
    resolver = APIGatewayRestResolver()
    resolver.route(registered, "GET")(lambda **_: Response(200, "text/plain", ""))
    operation = Operation("GET", registered, handler, 200, None, "a test")
    for path in TRIED:
        event = {"httpMethod": "GET", "path": path, "requestContext": {}, "headers": {}}
        served = resolver.resolve(event, None)["statusCode"] == 200  # type: ignore[arg-type]
        assert bool(methods_at([operation], path)) == served, path


def test_a_path_without_parameters_takes_precedence() -> None:
    operations = [
        Operation("GET", "/things/<thing_id>", handler, 200, None, "a test"),
        Operation("PATCH", "/things/<thing_id>", handler, 200, None, "a test"),
        Operation("POST", "/things/bulk", handler, 200, None, "a test"),
    ]
    assert methods_at(operations, "/things/bulk") == ["POST"]
    assert methods_at(operations, "/things/1") == ["GET", "HEAD", "PATCH"]
    assert methods_at(operations, "/other") == []
