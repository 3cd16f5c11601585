"""A real node: containerd and a kubelet, with a network of bridges."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ..child_instance import free_port
from ..containers import engine as engines
from ..containers.engine import run
from . import names
from .control_plane import ControlPlane
from .daemons import Daemons
from .machine import Machine, environment

CONTAINERD = "github.com/containerd/containerd/v2/cmd"
PAUSE = "docker.io/library/groundwork-pause:latest"
ADDRESS = "10.244.0.1"
"""Address of all nodes: they share the network of this machine. Their kubelets differ in ports."""
START_SECONDS = 300.0


def containerd(name: str) -> Path:
    """Build a program of containerd, once. Raises NoEngine."""
    without = ("-tags", "no_btrfs no_devmapper no_zfs")
    return engines.go_tool("containerd", f"{CONTAINERD}/{name}", name, *without)


@dataclass
class Node:
    """One of several nodes of this machine, with addresses of its own."""

    number: int
    plane: ControlPlane
    machine: Machine
    programs: Mapping[str, Path]
    folder: Path
    daemons: Daemons = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        tools = str(self.programs["containerd"].parent)
        own = environment()
        self.daemons = Daemons(self.folder, {**own, "PATH": f"{tools}:{own['PATH']}"})

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return f"node-{self.number}"

    @property
    def bridge(self) -> str:
        """Name of the bridge of its pods."""
        return f"gw-node-{self.number}"

    @property
    def gateway(self) -> str:
        """Address of its bridge: the way out of its pods."""
        return f"10.244.{self.number}.1"

    @property
    def socket(self) -> Path:
        """Path of its containerd's socket."""
        return self.folder / "containerd.sock"

    def ctr(self, *arguments: str) -> str:
        """Run the client of containerd."""
        command = [str(self.programs["ctr"]), "-a", str(self.socket), "-n", "k8s.io", *arguments]
        return run(command, timeout=900)

    def start(self, *archives: Path) -> None:
        """Start both, import images, and wait until the node is ready."""
        self.machine.add_group(f"groundwork-{self.name}")
        self._write_network()
        (self.folder / "containerd.toml").write_text(self._containerd())
        self.daemons.start(
            "containerd",
            [str(self.programs["containerd"]), "-c", str(self.folder / "containerd.toml")],
        )
        self._until(lambda: self.ctr("version"))
        for archive in archives:
            self.ctr("images", "import", str(archive))
        (self.folder / "kubelet.json").write_text(json.dumps(self._kubelet()))
        (self.folder / "resolv.conf").touch()
        self.daemons.start("kubelet", [
            str(self.programs["kubelet"]), f"--config={self.folder / 'kubelet.json'}",
            f"--kubeconfig={self.plane.kubeconfig}", f"--root-dir={self.folder / 'kubelet'}",
            f"--cert-dir={self.folder / 'pki'}", f"--hostname-override={self.name}",
            f"--node-ip={ADDRESS}",
            f"--node-labels=topology.kubernetes.io/zone={self.name}",
        ])  # fmt: skip
        ready = "--for=condition=Ready"
        self._until(lambda: self.plane.kubectl("wait", ready, f"node/{self.name}", "--timeout=5s"))

    def stop(self) -> None:
        """Stop the kubelet, then every container, then containerd."""
        self.daemons.stop("kubelet")
        for task in self._tasks():
            with suppress(RuntimeError):  # it has ended meanwhile, or its parent is killed below
                self.ctr("tasks", "rm", "-f", task)
        self.daemons.stop()
        # Containers outlive containerd: a shim is the parent of each.
        for shim in psutil.process_iter(["cmdline"]):
            if str(self.socket) in (shim.info["cmdline"] or ()):
                for process in (*shim.children(recursive=True), shim):
                    with suppress(psutil.NoSuchProcess):
                        process.kill()

    def _tasks(self) -> list[str]:
        try:
            return self.ctr("tasks", "ls", "-q").split()
        except RuntimeError as error:
            print(f"{self.name}: {error}")
            return []

    def _until(self, look: Callable[[], object]) -> None:
        ends = time.monotonic() + START_SECONDS
        while True:
            try:
                look()
            except RuntimeError:
                self.daemons.check()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.3)
            else:
                return

    def _write_network(self) -> None:
        plugin = {
            "type": "bridge",
            "bridge": self.bridge,
            "isGateway": True,
            "ipMasq": False,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(self.folder / "addresses"),
                "ranges": [[{"subnet": f"10.244.{self.number}.0/24", "gateway": self.gateway}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        network = {"cniVersion": "1.0.0", "name": self.bridge, "plugins": [plugin]}
        (self.folder / "network").mkdir()
        (self.folder / "network" / "10.conflist").write_text(json.dumps(network))

    def _containerd(self) -> str:
        plugins = engines.debian_packages() / "usr/lib/cni"
        return f"""
version = 3
root = "{self.folder}/containerd"
state = "{self.folder}/run"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
address = "{self.socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{self.folder}/opt"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{self.folder}/network"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
"""

    def _kubelet(self) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "port": free_port(),
            "healthzPort": 0,
            "readOnlyPort": 0,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": False},
                "x509": {"clientCAFile": str(self.plane.certificate)},
            },
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/groundwork-{self.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "oomScoreAdj": 0,
            "enforceNodeAllocatable": [],
            "featureGates": {"KubeletInUserNamespace": True},
            "makeIPTablesUtilChains": False,
            "clusterDNS": [names.ADDRESS],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self.folder / "resolv.conf"),
            "podLogsDir": str(self.folder / "logs"),
            "volumePluginDir": str(self.folder / "plugins"),
            # Nothing is removed for the sake of space: the images come from no registry.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%"},
        }
