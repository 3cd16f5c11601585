"""The code of an earlier release in a folder of its own, with the packages that it asked for."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("layers/core", "layers/data", "layers/runtime", "functions")
PACKAGES_OF_A_HOST = ("infra/command", "infra/lambda_host")
NICE = ["nice", "-n", "5"]


class NoHistory(Exception):
    """The history at hand does not hold the commit."""


@dataclass(frozen=True)
class EarlierRelease:
    """The code of a commit and a Python that runs it."""

    code: Path
    python: Path

    @property
    def command(self) -> tuple[str, ...]:
        """The `groundwork` command of that release."""
        return (str(self.python), "-m", "groundwork_command")

    def run(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run its command to the end; return what it printed."""
        done = subprocess.run(
            [*self.command, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def unpack(commit: str, folder: Path) -> EarlierRelease:
    """Write the files of a commit and install what its image has. Raises NoHistory."""
    code, environment = folder / "code", folder / "venv"
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode != 0:
        raise NoHistory(f"the history here does not hold the previous release, {commit}")
    code.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(code)], input=archive.stdout, check=True)
    uv = str(Path(sys.executable).with_name("uv"))
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(environment))
    lock = str(code / "requirements" / "container.txt")
    python = environment / "bin" / "python"
    _run(
        uv, "pip", "install", "--quiet", "--python", str(python),
        "--require-hashes", "--no-deps", "--compile-bytecode", "-r", lock,
    )  # fmt: skip
    (site,) = (environment / "lib").glob("python3*/site-packages")
    roots = [str(code / name) for name in (*PACKAGES, *PACKAGES_OF_A_HOST)]
    (site / "groundwork.pth").write_text("\n".join(roots))
    return EarlierRelease(code, python)


def _run(*command: str) -> None:
    done = subprocess.run([*NICE, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
