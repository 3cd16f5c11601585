"""`groundwork openapi`: generate the OpenAPI document from the HTTP functions."""

import importlib
import importlib.util
from pathlib import Path

from groundwork_command.instance import project
from groundwork_lambda_host.template import load
from groundwork_lambda_host.template.addresses import Addresses

PACKAGED = ("groundwork_functions.rest_api", "openapi.json")
"""Package and name of the file that is served: functions do not import one another."""

UNREAD = {"DatabaseUrl": "unread", "Neo4jPassword": "unread"}
"""Values for parameters that would otherwise be secrets; no connection is opened."""


def document(template: Path) -> str:
    """Return the document of all functions that have HTTP routes in template.yaml."""
    from groundwork_runtime.http.openapi import document as openapi_of

    stack = load(template, UNREAD, Addresses())
    names = dict.fromkeys(route.function for route in stack.routes)
    handlers = [stack.functions[name].handler.rpartition(".") for name in names]
    return openapi_of(
        getattr(importlib.import_module(module), name).router for module, _, name in handlers
    )


def packaged_file() -> Path:
    """Return the path of the file that the API serves."""
    package, name = PACKAGED
    spec = importlib.util.find_spec(package)
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else "."
    return Path(folder) / name


def show() -> None:
    """Print the document."""
    print(document(project.template()), end="")


def write() -> None:
    """Write the file that the API serves. Commit it."""
    file = packaged_file()
    file.write_text(document(project.template()), encoding="utf-8")
    print(f"Wrote {file}")
