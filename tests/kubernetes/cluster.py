"""A cluster of real nodes on this machine: control plane, proxy of Services, DNS, and nodes."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..child_instance import free_port
from ..containers import engine as engines
from . import control_plane, firewall, machine, names, node
from .control_plane import ControlPlane, kubernetes
from .daemons import Daemons
from .machine import PODS, Machine
from .node import ADDRESS, Node

START_SECONDS = 300.0
OTHERS = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")


def programs() -> dict[str, Path]:
    """Build what is missing, once: quarter of an hour of CPU. Raises NoEngine."""
    machine.check()
    found = {
        **control_plane.programs(),
        **{name: kubernetes(name) for name in OTHERS},
        "coredns": engines.go_tool("coredns", "github.com/coredns/coredns", "coredns"),
        "kube-router": firewall.program(),
        **{
            name: node.containerd(name) for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
    }
    shutil.rmtree(engines.CACHE / "go-build", ignore_errors=True)  # 5 GB
    return found


@dataclass
class Cluster:
    """A running cluster; `folder` holds all its files."""

    folder: Path
    programs: Mapping[str, Path]
    plane: ControlPlane = field(init=False)
    nodes: list[Node] = field(default_factory=list)
    machine: Machine = field(init=False)
    daemons: Daemons = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700)
        self.plane = ControlPlane(self.folder, self.programs, address=ADDRESS, without="")
        self.machine = Machine(self.folder)
        self.daemons = Daemons(self.folder, machine.environment())

    def start(self, nodes: int, images: Path, images_of_first: Path) -> None:
        """Start everything; the archives have the images of each node, and more of the first."""
        self.machine.prepare()
        for number in range(nodes):
            folder = self.folder / f"node-{number}"
            self.nodes.append(Node(number, self.plane, self.machine, self.programs, folder))
            self.machine.add_bridge(self.nodes[-1].bridge, f"{self.nodes[-1].gateway}/24")
        self.plane.start()
        self._serve(
            "kube-controller-manager",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
            "--leader-elect=false",
            # A slow machine is no dead node.
            "--node-monitor-grace-period=10m",
        )
        self._serve("kube-scheduler", "--leader-elect=false")
        for each in self.nodes:
            each.start(images, *([] if each.number else [images_of_first]))
        (self.folder / "proxy.json").write_text(json.dumps(self._proxy()))
        self.daemons.start(
            "kube-proxy",
            [str(self.programs["kube-proxy"]), f"--config={self.folder / 'proxy.json'}"],
        )
        first = self.nodes[0].name
        self.daemons.start(
            "kube-router",
            firewall.command(self.programs["kube-router"], self.plane.kubeconfig, first),
        )
        self.plane.kubectl("apply", "-f", "-", given=names.manifests(self.plane.kubeconfig, first))
        self.plane.kubectl(
            "-n", "kube-system", "rollout", "status", "deployment/coredns", timeout=START_SECONDS
        )

    def stop(self) -> None:
        """Stop everything, and put the machine back."""
        for each in reversed(self.nodes):
            each.stop()
        self.daemons.stop()
        subprocess.run(
            [str(self.programs["kube-proxy"]), "--cleanup"],
            env=machine.environment(),
            capture_output=True,
            check=False,
        )
        firewall.remove()
        self.plane.stop()
        self.machine.restore()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        """Raise RuntimeError if a program has ended."""
        for each in (
            self.plane.daemons,
            self.daemons,
            *(one.daemons for one in self.nodes),
        ):
            each.check()

    def _serve(self, program: str, *arguments: str) -> None:
        given = [f"--kubeconfig={self.plane.kubeconfig}", "--bind-address=127.0.0.1"]
        port = f"--secure-port={free_port()}"
        self.daemons.start(program, [str(self.programs[program]), *given, port, *arguments])

    def _proxy(self) -> dict[str, object]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clientConnection": {"kubeconfig": str(self.plane.kubeconfig)},
            "hostnameOverride": self.nodes[0].name,
            "clusterCIDR": PODS,
            "oomScoreAdj": 0,
            # Kernel settings stay as they are.
            "conntrack": {
                "maxPerCore": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
            "iptables": {"localhostNodePorts": False},
            "healthzBindAddress": f"127.0.0.1:{free_port()}",
            "metricsBindAddress": f"127.0.0.1:{free_port()}",
        }
