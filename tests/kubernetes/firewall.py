"""The agent that enforces network policies: the firewall of kube-router.

All nodes share the network of this machine, so one agent enforces them for the pods of all nodes.
"""

import re
import subprocess
from pathlib import Path

from ..containers import engine as engines
from ..containers.engine import NoEngine
from .machine import SERVICES, environment

CHAINS = re.compile(r"KUBE-ROUTER|KUBE-NWPLCY|KUBE-POD-FW|KUBE-FIREWALL")
SETS = ("KUBE-SRC-", "KUBE-DST-")


def program() -> Path:
    """Build the agent, once. Raises NoEngine."""
    looked = subprocess.run(
        ["ipset", "list", "-n"], env=environment(), capture_output=True, check=False
    )
    if looked.returncode != 0:
        raise NoEngine("the kernel has no sets of addresses; `modprobe ip_set` may add them")
    package = "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
    return engines.go_tool("kube-router", package, "kube-router")


def command(built: Path, kubeconfig: Path, node: str) -> list[str]:
    """Return the command of the agent, which takes the address of one node for that of all."""
    return [
        str(built),
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node}",
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        f"--service-cluster-ip-range={SERVICES}",
        # It writes all rules again, so that it and the proxy repair what each undid of the other.
        "--iptables-sync-period=10s",
        "--health-port=0",
    ]


def remove() -> None:
    """Remove what an agent that has ended leaves behind, and a chain that kube-proxy leaves."""
    rules = _run("iptables-save", "-t", "filter").splitlines(keepends=True)
    kept = "".join(each for each in rules if not CHAINS.search(each))
    _run("iptables-restore", "-w", "-T", "filter", given=kept)
    for name in _run("ipset", "list", "-n").split():
        if name.startswith(SETS):
            _run("ipset", "destroy", name)


def _run(*arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        arguments, env=environment(), input=given, capture_output=True, text=True, check=False
    )
    return done.stdout
