"""Run the command as `python -m groundwork_command`, where no script is installed."""

from groundwork_command.cli import app

if __name__ == "__main__":
    app(prog_name="groundwork")
