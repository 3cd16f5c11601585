"""The changes of nodes on this machine, and their undoing."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..containers import engine as engines
from ..containers.engine import NoEngine, run

PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
KERNEL = Path("/proc/sys")
SET = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}
"""Pods reach each other over bridges, and Services by rules of iptables."""
KEPT = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
"""The kernel settings that a kubelet changes."""
RULES = (
    ["FORWARD", "-s", PODS, "-d", PODS, "-j", "ACCEPT"],
    ["FORWARD", "-s", PODS, "-j", "REJECT"],
)
"""A container engine drops what is forwarded. Pods reach each other, and nothing else."""
FOLDERS = tuple(
    Path(name)
    for name in (
        "/var/lib/kubelet",
        "/var/log/containers",
        "/var/log/pods",
        "/usr/libexec/kubernetes",
        "/var/lib/cni",
        "/etc/cni",
    )
)
"""Folders that a kubelet or a network plugin creates at fixed places."""


def check() -> None:
    """Raise NoEngine if no node can run here."""
    if os.geteuid() != 0 or sys.platform != "linux":
        raise NoEngine("a node needs root on Linux")
    if not shutil.which("ip"):
        raise NoEngine("a node needs the program ip (Debian's package iproute2)")
    for name in SET:
        if not (KERNEL / name).exists():
            raise NoEngine(f"the kernel has no {name}; `modprobe br_netfilter` may add it")


def environment() -> dict[str, str]:
    """Return variables with which Debian's programs are found: iptables, runc, plugins."""
    debian = engines.debian_packages()
    libraries = debian / "usr/lib/x86_64-linux-gnu"
    return {
        **os.environ,
        "PATH": f"{debian}/usr/sbin:{debian}/usr/bin:{os.environ['PATH']}",
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "LD_LIBRARY_PATH": str(libraries),
    }


def hierarchies() -> list[Path]:
    """Return the folders of control groups: one for each controller, or one for all."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] == "cgroup":
            found.append(Path(before.split()[4]))
    return found or [Path("/sys/fs/cgroup")]


@dataclass
class Machine:
    """Remembers what was there; `restore` puts it back."""

    folder: Path
    _values: dict[Path, str] = field(default_factory=dict)
    _absent: list[Path] = field(default_factory=list)
    _groups: list[str] = field(default_factory=list)
    _bridges: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Set what nodes need."""
        self._absent = [each for each in FOLDERS if not each.exists()]
        for name in (*SET, *KEPT):
            path = KERNEL / name
            self._values[path] = path.read_text()
        for name, value in SET.items():
            (KERNEL / name).write_text(value)
        for rule in reversed(RULES):
            self._iptables("-I", *rule)
        run(["ip", "route", "add", "unreachable", PODS])

    def add_bridge(self, name: str, address: str) -> None:
        """Make a bridge that has an address before its first pod; the first one gets Services.

        So no packet leaves the machine, even without the rules that lead it to a pod.
        """
        self._bridges.append(name)
        run(["ip", "link", "add", name, "type", "bridge"])
        run(["ip", "address", "add", address, "dev", name])
        run(["ip", "link", "set", name, "up"])
        if len(self._bridges) == 1:
            run(["ip", "route", "add", SERVICES, "dev", name])

    def add_group(self, name: str) -> None:
        """Make a control group, so that kubelets do not clean up each other's pods."""
        self._groups.append(name)
        for hierarchy in hierarchies():
            group = hierarchy / name
            group.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if (group / setting).exists() and (hierarchy / setting).exists():
                    (group / setting).write_text((hierarchy / setting).read_text())

    def restore(self) -> None:
        """Put everything back; what is gone already is no error."""
        for rule in RULES:
            self._iptables("-D", *rule)
        subprocess.run(
            ["ip", "route", "delete", "unreachable", PODS], capture_output=True, check=False
        )
        for bridge in self._bridges:
            subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)
        for mounted in reversed(Path("/proc/mounts").read_text().splitlines()):
            where = mounted.split()[1]
            if where.startswith((f"{self.folder}/", *(f"{each}/" for each in self._absent))):
                subprocess.run(["umount", "-l", where], check=False)
        for hierarchy in hierarchies():
            for name in self._groups:
                for folder, _, _ in os.walk(hierarchy / name, topdown=False):
                    with suppress(OSError):
                        Path(folder).rmdir()
        for path, value in self._values.items():
            if path.read_text() != value:
                path.write_text(value)
        for each in self._absent:
            shutil.rmtree(each, ignore_errors=True)
        for each in (Path("/run/containerd/s"), Path("/run/containerd")):
            with suppress(OSError):  # an engine may use it
                each.rmdir()

    @staticmethod
    def _iptables(*arguments: str) -> None:
        command = ["iptables", "-w", *arguments]
        subprocess.run(command, env=environment(), capture_output=True, check=False)
