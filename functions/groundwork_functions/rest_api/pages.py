"""Swagger UI for the OpenAPI document, served without a CDN."""

from functools import cache
from importlib.resources import files

from groundwork_core.errors import NotFound
from groundwork_runtime.http.developer_pages import must_be_shown
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

PUBLIC = "documentation is public"
HOUR = "public, max-age=3600"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
BUNDLE = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
ASSETS = {
    "swagger-ui.js": (BUNDLE, "swagger-ui-bundle.min.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": (BUNDLE, "swagger-ui.min.css", "text/css; charset=utf-8"),
    "start.js": (__package__, "start.js", "text/javascript; charset=utf-8"),
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Groundwork API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

HTML = {"text/html": {"schema": {"type": "string"}}}
TEXTS = {
    "text/javascript": {"schema": {"type": "string"}},
    "text/css": {"schema": {"type": "string"}},
}

router = Router()


@router.get(
    "/docs",
    open=PUBLIC,
    operation_id="docs",
    tag="documentation",
    result="The page.",
    returns=HTML,
)
def docs(wiring: Wiring) -> HttpResponse:
    """Return the Swagger UI page for this document, unless it is off."""
    must_be_shown(wiring.settings)
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    return HttpResponse(200, PAGE, "text/html; charset=utf-8", headers)


@router.get(
    "/docs/<name>",
    open=PUBLIC,
    operation_id="docsAsset",
    tag="documentation",
    result="The file.",
    returns=TEXTS,
)
def asset(name: str, wiring: Wiring) -> HttpResponse:
    """Return a script or stylesheet of the documentation page."""
    must_be_shown(wiring.settings)
    if name not in ASSETS:
        raise NotFound("The documentation has no file of this name.")
    package, file, content_type = ASSETS[name]
    return HttpResponse(200, _read(package, file), content_type, {"Cache-Control": HOUR})


@cache
def _read(package: str, file: str) -> str:
    return files(package).joinpath(file).read_text(encoding="utf-8")
