"""Run one handler: authenticate, decode the arguments, call it, encode the result."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_type_hints
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from groundwork_core.caller import Caller
from groundwork_core.errors import Fault, Invalid, NotFound, RightsChanged
from groundwork_runtime.http.access_control import authorize, authorize_uncached
from groundwork_runtime.http.body_limits import ContentTooLarge
from groundwork_runtime.http.decoding import decode, faults_of
from groundwork_runtime.http.idempotency import HEADER, once
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.request_context import RequestContext
from groundwork_runtime.http.response import JSON, HttpResponse
from groundwork_runtime.http.router import GET, Operation

if TYPE_CHECKING:
    pass

_PATH_NAME = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    source: str
    """path, query, body, caller, request or wiring."""
    adapter: TypeAdapter[Any] | None = None
    default: object = None
    required: bool = False
    """True if a request without it is invalid. A flag rather than the default
    `inspect.Parameter.empty`, which Python before 3.11.4 refuses in a dataclass."""
    body: type[BaseModel] | None = None


class Endpoint:
    """A callable for Powertools' resolver that runs one operation."""

    def __init__(self, operation: Operation, context: RequestContext) -> None:
        self.operation = operation
        self.__name__ = getattr(operation.handler, "__name__", operation.path)
        self.__doc__ = operation.handler.__doc__
        self._context = context

    def __call__(self, **path: str) -> Response[Any]:
        """Handle the current request."""
        operation, context = self.operation, self._context
        # Before decoding and authentication.
        if len(context.request.body) > operation.body_bytes_max:
            raise ContentTooLarge(operation.body_bytes_max)
        caller = authorize(operation.needs, context)
        path = {name: _decoded_segment(text) for name, text in path.items()}
        try:
            response = self._respond(path, caller)
        except RightsChanged:
            # The first write of the request raises it, so nothing has been written yet.
            if operation.needs is None:
                raise
            response = self._respond(path, authorize_uncached(operation.needs, context))
        return Response(response.status, response.content_type, response.body, response.headers)

    def _respond(self, path: Mapping[str, str], caller: Caller | None) -> HttpResponse:
        operation, context = self.operation, self._context
        if HEADER in context.request.headers and operation.repeatable and caller is not None:
            return once(context.request, caller, context.wiring, lambda: self._act(path, caller))
        return self._act(path, caller)

    def _act(self, path: Mapping[str, str], caller: Caller | None) -> HttpResponse:
        operation, context = self.operation, self._context
        if operation.signature is not None:
            response: HttpResponse = operation.handler(
                context.request, caller, context.wiring, *path.values()
            )
            return response
        return self._encoded(operation.handler(**self._decoded(path, caller)))

    @property
    def __signature__(self) -> inspect.Signature:
        """The parameters to document; Powertools reads this attribute."""
        if self.operation.signature is not None:
            return self.operation.signature()
        hints = get_type_hints(self.operation.handler, include_extras=True)
        given = {argument.name for argument in self._arguments if argument.source in _GIVEN}
        signature = inspect.signature(self.operation.handler)
        kept = [
            parameter.replace(annotation=hints[name])
            for name, parameter in signature.parameters.items()
            if name not in given
        ]
        returned = hints.get("return", inspect.Signature.empty)
        if returned in (HttpResponse, type(None)):
            returned = inspect.Signature.empty
        return signature.replace(parameters=kept, return_annotation=returned)

    @cached_property
    def _arguments(self) -> list[_Argument]:
        in_path = set(_PATH_NAME.findall(self.operation.path))
        hints = get_type_hints(self.operation.handler, include_extras=True)
        arguments = []
        for name, parameter in inspect.signature(self.operation.handler).parameters.items():
            hint = hints[name]
            given = _given(hint)
            if given is not None:
                arguments.append(_Argument(name, given))
            elif name in in_path:
                arguments.append(_Argument(name, "path", TypeAdapter(hint)))
            elif isinstance(hint, type) and issubclass(hint, BaseModel):
                arguments.append(_Argument(name, "body", body=hint))
            else:
                required = parameter.default is inspect.Parameter.empty
                default = None if required else parameter.default
                arguments.append(_Argument(name, "query", TypeAdapter(hint), default, required))
        return arguments

    @cached_property
    def _takes_body(self) -> bool:
        """True if a body is decoded, here or by the handler."""
        return any(argument.source in ("body", "request") for argument in self._arguments)

    @property
    def _public_page(self) -> bool:
        """True if it is a page or check that anyone may read, such as /docs and /health/live.

        These ignore unknown parameters: monitors add some to pass caches.
        """
        return self.operation.needs is None and self.operation.method == GET

    def _decoded(self, path: Mapping[str, str], caller: Caller | None) -> dict[str, object]:
        context = self._context
        given = {"caller": caller, "request": context.request, "wiring": context.wiring}
        query = dict(context.request.query)
        faults: list[Fault] = []
        decoded: dict[str, object] = {}
        for argument in self._arguments:
            if argument.body is not None:
                try:
                    decoded[argument.name] = decode(argument.body, context.request)
                except Invalid as error:
                    faults += error.faults
                continue
            if argument.adapter is None:
                decoded[argument.name] = given[argument.source]
                continue
            if argument.source == "query" and argument.name not in query:
                if argument.required:
                    faults.append(Fault(f"/{argument.name}", "is missing"))
                decoded[argument.name] = argument.default
                continue
            name = argument.name
            if argument.source == "query" and len(query[name]) > 1:
                faults.append(Fault(f"/{name}", "is given more than once"))
                del query[name]
                continue
            try:
                text = path[name] if argument.source == "path" else query.pop(name)[0]
                decoded[name] = argument.adapter.validate_python(text)
            except ValidationError as error:
                if argument.source == "path":
                    raise NotFound("No resource exists at this path.") from error
                faults += [Fault(f"/{name}", fault.detail) for fault in faults_of(error, None)]
        if not self._public_page:
            faults += [Fault(f"/{name}", "is not a parameter of this operation") for name in query]
        if not self._takes_body and context.request.body:
            faults += unwanted(context.request.json())
        if faults:
            raise Invalid("The input is invalid; see errors.", tuple(faults))
        return decoded

    def _encoded(self, result: object) -> HttpResponse:
        if isinstance(result, HttpResponse):
            return result
        status = self.operation.status
        if result is None:
            return HttpResponse(status, content_type=None)
        if isinstance(result, BaseModel):
            body = result.model_dump_json(by_alias=True)
            return HttpResponse(status, body, JSON, self._context.request.response_headers)
        return HttpResponse(status, TypeAdapter(type(result)).dump_json(result).decode(), JSON)


def _decoded_segment(text: str) -> str:
    """Decode a path parameter (RFC 3986 section 2.1); API Gateway passes it on as it was sent.

    Raises:
        NotFound: it is not UTF-8, or has a NUL character, so nothing can have this name.
    """
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        decoded = "\x00"
    if "\x00" in decoded:
        raise NotFound("No resource exists at this path.")
    return decoded


def unwanted(body: JsonValue) -> list[Fault]:
    """Return faults of a body sent to an operation without one; `{}` and null are accepted."""
    if isinstance(body, dict):
        return [Fault(f"/{name}", "is not a known field") for name in body]
    return [] if body is None else [Fault("", "must be empty")]


_GIVEN = frozenset({"caller", "request", "wiring"})


def _given(hint: object) -> str | None:
    if hint is Caller:
        return "caller"
    if hint is Request:
        return "request"
    return "wiring" if getattr(hint, "__name__", "") == "Wiring" else None
