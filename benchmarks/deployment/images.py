"""Sizes of the images that the engine at hand holds."""

import json
import subprocess

PREFIX = "groundwork-"


class NoImages(Exception):
    """No engine runs, or it holds no image of ours."""


def measure() -> str:
    """Return the text of the section. Raises NoImages."""
    command = ["docker", "image", "ls", "--format", "{{json .}}", f"{PREFIX}*"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoImages("no container engine answers") from error
    names = sorted({json.loads(line)["Repository"] for line in listed.splitlines()})
    if not names:
        raise NoImages("the engine holds no image of ours: run `make images`")
    lines = [f"| {name} | {_megabytes(name):.0f} |" for name in names]
    return "| image | MB |\n|---|---|\n" + "\n".join(lines) + "\n\nNone has a shell.\n"


def _megabytes(name: str) -> float:
    command = ["docker", "image", "inspect", "-f", "{{.Size}}", name]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1e6
