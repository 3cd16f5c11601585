"""What goes wrong while a template is read."""


class TemplateError(ValueError):
    """The template cannot be served as it stands; says where and why in one line.

    Args:
        path: Where in the template, as `Resources.Fetch.Properties.Timeout`.
        reason: What is wrong there, in words for the person who edits the template.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"template, {path}: {reason}")
        self.path = path
        self.reason = reason
