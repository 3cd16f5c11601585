"""Serve the OpenAPI document, which `groundwork openapi --write` generates."""

from functools import cache
from importlib.resources import files

from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router

DOCUMENT = {"application/json": {"schema": {"type": "object"}}}

router = Router()


@router.get(
    "/openapi.json",
    open="documentation is public",
    operation_id="openapi",
    tag="documentation",
    result="The OpenAPI 3.1 document.",
    returns=DOCUMENT,
)
def openapi() -> HttpResponse:
    """Return this document."""
    return HttpResponse(200, _text(), headers={"Cache-Control": "no-cache"})


@cache
def _text() -> str:
    return files(__package__).joinpath("openapi.json").read_text(encoding="utf-8")
