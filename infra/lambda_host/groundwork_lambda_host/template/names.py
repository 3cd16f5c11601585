"""Names of functions, and the folders of their code."""

import re
from pathlib import Path

from groundwork_lambda_host.template.errors import TemplateError


def kebab(name: str) -> str:
    """Return a name in kebab case: `RestApi` and `rest_api` become `rest-api`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


def locate(code: Path, handler: str, path: str) -> tuple[Path, str]:
    """Return the folder for the import path, and the function's name.

    The name is that of the package that holds the handler's module, or the module's own:
    `groundwork_functions.rest_api.handler.handler` is the function `rest-api`.

    Raises:
        TemplateError: The module does not exist, or the handler is not
            `package.module.attribute`.
    """
    parts = handler.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):  # noqa: PLR2004 - module.attribute
        raise TemplateError(path, f"the handler {handler!r} is not package.module.attribute")
    module = code.joinpath(*parts[:-1])
    if not module.with_suffix(".py").is_file() and not module.is_dir():
        raise TemplateError(path, f"the module {'.'.join(parts[:-1])!r} does not exist in {code}")
    return code, kebab(parts[-3] if len(parts) > 2 else parts[0])  # noqa: PLR2004 - in a package
