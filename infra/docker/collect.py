"""Copy the interpreter, its library and all shared libraries into a folder; run in the build.

    python collect.py /rootfs

The folder is the root of an image without a distribution. The list of those packages of the
distribution of which it has files comes along, for scanners.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

NEEDED_BY_NONE = (
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "dist-packages",
)
FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/usr/lib/os-release",
)
DPKG = Path("/var/lib/dpkg")
GENERATED = {"ca-certificates": "/etc/ssl/certs/ca-certificates.crt"}
"""Files that a package makes when it is installed, which are not in its list."""
LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
USER = 10001


def main(root: Path) -> None:
    """Fill the folder."""
    interpreter = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(
        standard,
        root / standard.relative_to("/"),
        ignore=shutil.ignore_patterns(*NEEDED_BY_NONE, "__pycache__", "config-3*", "*.a"),
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "compileall",
            "-q",
            "--invalidation-mode",
            "unchecked-hash",
            "-j",
            "0",
            "-s",
            str(root),
            "-p",
            "/",
            str(root / standard.relative_to("/")),
        ],
        check=False,
    )
    _copy(interpreter, root)
    for link in {
        Path(sys.base_prefix) / "bin" / "python3",
        Path("/venv/bin/python3"),
        Path("/venv/bin/python"),
    }:
        _chain(link, root)
    for library in {*_libraries(interpreter, standard, Path(sys.prefix))}:
        _copy(library, root)
    for name in FILES:
        if Path(name).exists():
            _copy(Path(name), root)
    if Path("/usr/share/zoneinfo").exists():
        shutil.copytree(
            "/usr/share/zoneinfo",
            root / "usr/share/zoneinfo",
            symlinks=True,
            ignore=shutil.ignore_patterns("right", "posix"),
        )
    if DPKG.exists():
        _copy_packages(root)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/:/none\ngroundwork:x:{USER}:{USER}::/tmp:/none\n"
    )
    (root / "etc/group").write_text(f"root:x:0:\ngroundwork:x:{USER}:\n")
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)


def _copy_packages(root: Path) -> None:
    """Write the list of the distribution's packages that have a file in the image."""
    kept = []
    for stanza in (DPKG / "status").read_text().split("\n\n"):
        if found := re.search(r"^Package: (\S+)$", stanza, re.MULTILINE):
            name = found[1]
            files = [GENERATED.get(name, ""), *_files_of(name)]
            if any((root / file.lstrip("/")).is_file() for file in files if file):
                kept.append(stanza)
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text("\n\n".join(kept) + "\n\n")


def _files_of(package: str) -> Iterator[str]:
    lists = DPKG / "info"
    for path in (lists / f"{package}.list", *lists.glob(f"{package}:*.list")):
        if path.exists():
            yield from path.read_text().splitlines()


def _libraries(interpreter: Path, *folders: Path) -> Iterator[Path]:
    """Return the libraries that the interpreter and extensions load, and those of name look-ups."""
    programs = [interpreter, *(path for folder in folders for path in folder.rglob("*.so*"))]
    environment = {**os.environ, "LC_ALL": "C"}
    for program in programs:
        found = subprocess.run(
            ["ldd", str(program)], capture_output=True, text=True, env=environment, check=False
        )
        for path in LIBRARY.findall(found.stdout):
            if not path.startswith(("/venv", sys.prefix + "/")):
                yield Path(path)
    for folder in (Path("/lib/x86_64-linux-gnu"), Path("/lib/aarch64-linux-gnu")):
        yield from folder.glob("libnss_[df]*.so.2")
        yield from folder.glob("libresolv.so.2")


def _chain(link: Path, root: Path) -> None:
    """Copy a symbolic link and those that it leads to, outside of the virtual environment."""
    while link.is_symlink():
        target = link.readlink()
        if not str(link).startswith("/venv"):
            if target.name == str(target):  # in the same folder
                _link(link, target, root)
            else:
                _copy(link, root)
        link = link.parent / target
    _copy(link, root)


def _link(link: Path, target: Path, root: Path) -> None:
    copy = root / link.relative_to("/")
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not (copy.exists() or copy.is_symlink()):
        copy.symlink_to(target)


def _copy(path: Path, root: Path) -> None:
    """Copy a file to its own path and its real path; links between folders become files."""
    for each in {path.parent.resolve() / path.name, path}:
        target = root / each.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (target.exists() or target.is_symlink()):
            shutil.copy2(path.resolve(), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
