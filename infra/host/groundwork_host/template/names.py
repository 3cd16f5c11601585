"""How functions are called, and where their code lies."""

import re
from pathlib import Path

from groundwork_host.template.errors import TemplateError


def kebab(name: str) -> str:
    """`RestApi`, `rest_api` → `rest-api`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


def locate(code: Path, handler: str, path: str) -> tuple[Path, str]:
    """Where a handler's package lies: the folder for the import path, and the function's name.

    The package may lie in the code folder itself, or one folder below it (`functions/fetch/`).

    Raises:
        TemplateError: No such package, or the handler is not `package.module.attribute`.
    """
    package, dot, _ = handler.partition(".")
    if not dot or not all(part.isidentifier() for part in handler.split(".")):
        raise TemplateError(path, f"the handler {handler!r} is not package.module.attribute")
    if (code / package).is_dir() or (code / f"{package}.py").is_file():
        return code, kebab(package)
    below = sorted(code.glob(f"*/{package}")) or sorted(code.glob(f"*/{package}.py"))
    if not below:
        raise TemplateError(path, f"no folder under {code} holds the package {package!r}")
    return below[0].parent, kebab(below[0].parent.name)
