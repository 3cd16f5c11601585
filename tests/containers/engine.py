"""A container engine for the suites: one that runs already, or Debian's in a folder of its own."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwork-containers"
"""Outside the checkout, so that all checkouts share what takes minutes to build."""
PACKAGES = [
    "docker.io",
    "containerd",
    "runc",
    "tini",
    "iptables",
    "ipset",
    "libipset13",
    "libmnl0",
    "libip6tc2",
    "libip4tc2",
    "libnftnl11",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "debootstrap",
    "containernetworking-plugins",
]
BASE_PACKAGES = "python3,python3-venv,ca-certificates"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
START_SECONDS = 60
NICE = ["nice", "-n", "10"]
BUILD_SECONDS = 6 * 3600
"""An hour was not enough on two busy cores: what is compiled stays in the cache."""


class NoEngine(Exception):
    """No container can run here; the message says why."""


def run(command: Sequence[str], *, timeout: float = 600, **options: object) -> str:
    """Run a command; return its standard output. Fails with all its output."""
    done = subprocess.run(  # type: ignore[call-overload]
        list(command), capture_output=True, text=True, timeout=timeout, check=False, **options
    )
    if done.returncode != 0:
        tail = (done.stdout + done.stderr)[-4000:]
        message = f"{' '.join(command)} ended with {done.returncode}:\n{tail}"
        raise RuntimeError(message)
    return str(done.stdout)


def debian_packages() -> Path:
    """Unpack Debian's engine into the cache; return the folder."""
    folder = CACHE / f"debian-{_hash(' '.join(PACKAGES))}"
    if folder.exists():
        return folder
    if os.geteuid() != 0 or sys.platform != "linux" or not shutil.which("apt-get"):
        raise NoEngine("no container engine runs, and only root on Debian can unpack one")
    draft = folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "debs").mkdir(parents=True)
    try:
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "download", "-q", *PACKAGES], cwd=draft / "debs")
    except RuntimeError as error:
        raise NoEngine(f"Debian's packages cannot be fetched: {error}") from error
    for package in (draft / "debs").glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(draft)])
    shutil.rmtree(draft / "debs")
    for name in ("iptables", "ip6tables", "iptables-save", "iptables-restore"):
        link = draft / "usr" / "sbin" / name
        link.unlink(missing_ok=True)
        link.symlink_to("xtables-legacy-multi")
    draft.rename(folder)
    return folder


@dataclass
class Engine:
    """A running engine and the variables of its client."""

    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    _images: list[str] = field(default_factory=list)

    def docker(self, *arguments: str, timeout: float = 600, **options: object) -> str:
        """Run the client."""
        command = [*NICE, "docker", *arguments]
        return run(command, timeout=timeout, env=dict(self.environment), **options)

    def build(
        self, file: str, tag: str, context: Path = ROOT, target: str = "", **args: str
    ) -> None:
        """Build an image from a Dockerfile of the project."""
        options = [f"--build-arg={name}={value}" for name, value in args.items()]
        options += [f"--target={target}"] if target else []
        self.docker(
            "build",
            "-q",
            *options,
            "-f",
            str(context / file),
            "-t",
            tag,
            str(context),
            timeout=1800,
        )

    def container_logs(self) -> str:
        """Return the folder of the log files of containers."""
        root = self.docker("info", "-f", "{{.DockerRootDir}}").strip()
        return f"{root}/containers"

    def stop(self) -> None:
        """Stop the engine, if it is our own, with all that it mounted."""
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(timeout=60)
        if self.folder is not None:
            unmount_under(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Engine:
    """Return the engine that runs, or start Debian's. Raises NoEngine."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    try:
        run(["docker", "info"], env=environment, timeout=20)
        return Engine(environment)
    except (RuntimeError, FileNotFoundError, subprocess.TimeoutExpired):
        return _own(environment)


def _own(environment: Mapping[str, str]) -> Engine:
    debian = debian_packages()
    folder = Path("/tmp") / f"groundwork-engine-{os.getpid()}"  # noqa: S108 - short: a socket's path
    folder.mkdir(mode=0o700)
    socket = f"unix://{folder}/docker.sock"
    libraries = debian / "usr/lib/x86_64-linux-gnu"
    own = {
        **environment,
        "PATH": f"{debian}/usr/sbin:{debian}/usr/bin:{environment['PATH']}",
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "DOCKER_HOST": socket,
    }
    settings = {
        "data-root": f"{folder}/state",
        "exec-root": f"{folder}/run",
        "pidfile": f"{folder}/pid",
        "hosts": [socket],
        "storage-driver": "overlay2",
        "oom-score-adjust": 0,
        "bip": "172.30.0.1/24",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
    }
    (folder / "daemon.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["dockerd", "--config-file", str(folder / "daemon.json")],
            # The libraries are for iptables, which the engine runs.
            env={**own, "LD_LIBRARY_PATH": str(libraries)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    engine = Engine(own, process, folder)
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            engine.docker("info", timeout=20)
        except RuntimeError:
            time.sleep(0.2)
        else:
            return engine
    said = (folder / "log").read_text()[-600:]
    engine.stop()
    raise NoEngine(f"Debian's engine does not start here: {said}")


def base_image(engine: Engine) -> str:
    """Return the tag of a Debian with Python, made by debootstrap once and kept in the cache."""
    key = _hash(BASE_PACKAGES, SUITE, CERTIFICATES.read_text())
    tag = f"groundwork-base:{key}"
    if engine.docker("images", "-q", tag).strip():
        return tag
    archive = CACHE / f"base-{key}.tar"
    if not archive.exists():
        _debootstrap(archive)
    engine.docker("import", str(archive), tag)
    return tag


def _debootstrap(archive: Path) -> None:
    debian = debian_packages()
    root = archive.with_suffix(".root")
    unmount_under(root)  # a run that was killed leaves /proc mounted there
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    own = {**os.environ, "DEBOOTSTRAP_DIR": str(debian / "usr/share/debootstrap")}
    try:
        run(
            [*NICE, str(debian / "usr/sbin/debootstrap"), "--variant=minbase",
             f"--include={BASE_PACKAGES}", SUITE, str(root), MIRROR],
            env=own,
            timeout=3600,
        )  # fmt: skip
    finally:
        unmount_under(root)
    for useless in ("var/cache/apt/archives", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / useless, ignore_errors=True)
    # So that pip in a build trusts what this machine trusts.
    shutil.copy(CERTIFICATES, root / "etc/ssl/certs/")
    (root / "etc/pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\n")
    run(["tar", "-C", str(root), "-cf", str(archive.with_suffix(".new")), "."])
    archive.with_suffix(".new").rename(archive)
    shutil.rmtree(root)


def unmount_under(folder: Path) -> None:
    """Unmount all that is mounted in a folder, so that removing it removes nothing else.

    Raises:
        RuntimeError: something is still mounted there; the folder must not be removed.
    """
    for mounted in reversed(_mounted_under(folder)):
        subprocess.run(["umount", "-l", mounted], check=False)
    if left := _mounted_under(folder):
        raise RuntimeError(f"still mounted, not removed: {', '.join(left)}")


def _mounted_under(folder: Path) -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [mounted for mounted in mounts if mounted.startswith(f"{folder}/")]


def compose(engine: Engine) -> list[str]:
    """Return the command of Docker Compose: that of the machine, or built from its Go module."""
    try:
        engine.docker("compose", "version", timeout=20)
    except RuntimeError:
        return [str(go_tool("compose", "github.com/docker/compose/v2/cmd", "docker-compose"))]
    return ["docker", "compose"]


def go_tool(module: str, package: str, name: str, *flags: str) -> Path:
    """Build a program of infra/tools once; the hash of its go.sum names it in the cache."""
    folder = ROOT / "infra" / "tools" / module
    found = CACHE / f"{module}-{_hash((folder / 'go.sum').read_text(), *flags)}" / name
    if found.exists():
        return found
    if not shutil.which("go"):
        raise NoEngine(f"{name} is not there, and there is no Go to build it")
    found.parent.mkdir(parents=True, exist_ok=True)
    cache = CACHE / "go-build"
    own = {**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(cache), "GOFLAGS": "-buildvcs=false"}
    command = [*NICE, "go", "build", "-trimpath", "-ldflags", "-s -w", *flags]
    run([*command, "-o", f"{found}.new", package], cwd=folder, env=own, timeout=BUILD_SECONDS)
    Path(f"{found}.new").rename(found)
    return found


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def skip_without(error: NoEngine) -> None:
    """Skip the suite with one line."""
    pytest.skip(f"the container suites cannot run: {error}", allow_module_level=False)
