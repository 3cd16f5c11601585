"""Errors of reading a template."""


class TemplateError(ValueError):
    """Raised if the host cannot serve the template; the message says where and why.

    Args:
        path: Place in the template, such as `Resources.Fetch.Properties.Timeout`.
        reason: What is wrong there.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"template, {path}: {reason}")
        self.path = path
        self.reason = reason
