"""The `groundwork` command."""


def main() -> None:
    """Run the command line."""
    from groundwork_command.commands.cli import app  # noqa: PLC0415 - others import this package too

    app()
