"""The GraphiQL page and its files, served from installed packages without a CDN."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from groundwork_core.errors import NotFound
from groundwork_runtime.http.response import HttpResponse

HOUR = "public, max-age=3600"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BUNDLE = "graphene_django_graphiql_static"
FOLDER = f"static/{BUNDLE}"
SCRIPT = "text/javascript; charset=utf-8"
STYLE = "text/css; charset=utf-8"
ASSETS = {
    "react.js": (BUNDLE, f"{FOLDER}/react.production.min.js", SCRIPT),
    "react-dom.js": (BUNDLE, f"{FOLDER}/react-dom.production.min.js", SCRIPT),
    "graphiql.js": (BUNDLE, f"{FOLDER}/graphiql.min.js", SCRIPT),
    "graphiql.css": (BUNDLE, f"{FOLDER}/graphiql.min.css", STYLE),
    "explorer.js": (BUNDLE, f"{FOLDER}/graphiql-plugin-explorer.umd.js", SCRIPT),
    "explorer.css": (BUNDLE, f"{FOLDER}/style.css", STYLE),
    "start.js": (__package__, "start.js", SCRIPT),
    "start.css": (__package__, "start.css", STYLE),
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Groundwork GraphQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphql/graphiql.css">
<link rel="stylesheet" href="graphql/explorer.css">
<link rel="stylesheet" href="graphql/start.css">
</head>
<body>
<form id="access" autocomplete="off">
<label for="token">Access token</label>
<input id="token" type="password" spellcheck="false"
 placeholder="from POST /api/v1/auth/login; it stays in this page">
</form>
<div id="graphiql">Loading …</div>
<script src="graphql/react.js"></script>
<script src="graphql/react-dom.js"></script>
<script src="graphql/graphiql.js"></script>
<script src="graphql/explorer.js"></script>
<script src="graphql/start.js"></script>
</body>
</html>
"""


def page() -> HttpResponse:
    """Return the page."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return HttpResponse(200, PAGE, "text/html; charset=utf-8", headers)


def asset(name: str) -> HttpResponse:
    """Return a script or stylesheet of the page. Raises NotFound."""
    if name not in ASSETS:
        raise NotFound("GraphiQL has no file of this name.")
    package, file, content_type = ASSETS[name]
    return HttpResponse(200, _read(package, file), content_type, {"Cache-Control": HOUR})


@cache
def _read(package: str, file: str) -> str:
    return files(package).joinpath(file).read_text(encoding="utf-8")
