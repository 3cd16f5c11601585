"""Remove from a virtual environment what no program in an image needs; run in the build.

Removed: pip and other installers, command lines of libraries, tests, sources of extensions, data of
AWS services that are not called, names of languages, and debug symbols of extensions.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
SCRIPTS = ("pip*", "activate*", "Activate*", "wheel*")
INSTALLERS = ("pip", "setuptools", "_distutils_hack", "pkg_resources", "wheel")
COMMAND_LINES = ("inquirer", "blessed", "wcwidth", "readchar", "editor", "runs", "xmod")
"""Packages that Chalice requires for its command line only."""
LANGUAGES = ("root.dat", "en.dat")
"""Language files of Babel that stay. `courlan` uses Babel for languages in URLs; we do not."""
AWS_SERVICES = {
    "apigatewaymanagementapi",
    "kms",
    "s3",
    "scheduler",
    "secretsmanager",
    "sqs",
    "sts",
    "sso",
    "sso-oidc",
}
SOURCES = {".pyi", ".pyx", ".pxd", ".c", ".h", ".map"}
SMALL_BYTES = 1_000_000


def main() -> None:
    """Remove it."""
    _installers()
    _data()
    for path in list(SITE.rglob("*")):
        if path.is_dir() and path.name in {"tests", "test", "__pycache__"}:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and path.suffix in SOURCES:
            path.unlink()
    if shutil.which("strip"):
        for path in SITE.rglob("*.so*"):
            if path.stat().st_size > SMALL_BYTES and ".libs" not in str(path):
                subprocess.run(["strip", "--strip-debug", str(path)], check=False)


def _installers() -> None:
    for name in INSTALLERS + COMMAND_LINES:
        for path in SITE.glob(f"{name}*"):
            if path.name == name or path.name.startswith(f"{name}-"):
                shutil.rmtree(path, ignore_errors=True)
    for pattern in SCRIPTS:
        for path in (Path(sys.prefix) / "bin").glob(pattern):
            path.unlink()
    (SITE / "distutils-precedence.pth").unlink(missing_ok=True)


def _data() -> None:
    names = SITE / "babel" / "locale-data"
    for path in names.glob("*.dat") if names.exists() else ():
        if path.name not in LANGUAGES:
            path.unlink()
    data = SITE / "botocore" / "data"
    for path in data.iterdir() if data.exists() else ():
        if path.is_dir() and path.name not in AWS_SERVICES:
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
