"""A real API server of Kubernetes on loopback, with etcd and no node: it judges manifests."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..child_instance import free_port
from ..containers import engine as engines
from ..containers.engine import NoEngine, run

VERSION_FLAGS = (
    "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2"
    " -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"
)
KUBECTL = Path(sys.prefix) / "manifests" / "bin" / "kubectl"
TOKEN = "token-of-the-tests"
START_SECONDS = 120.0


def programs() -> dict[str, Path]:
    """Build what is missing, once: eight minutes of CPU. Raises NoEngine."""
    if not KUBECTL.exists():
        raise NoEngine("kubectl is not installed; `make test-manifests` installs it")
    server = "k8s.io/kubernetes/cmd/kube-apiserver"
    flags = ("-ldflags", VERSION_FLAGS)
    return {
        "etcd": engines.go_tool("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
        "kube-apiserver": engines.go_tool("kubernetes", server, "kube-apiserver", *flags),
    }


@dataclass
class ControlPlane:
    """A running API server; `folder` holds all its files."""

    folder: Path
    programs: Mapping[str, Path]
    port: int = field(default_factory=free_port)
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, with text as its input; return its output."""
        command = [str(KUBECTL), "--kubeconfig", str(self.folder / "kubeconfig"), *arguments]
        return run(command, timeout=120, input=given)

    def start(self) -> None:
        """Start both, and wait until the API server is ready."""
        key, client, peer = self.folder / "accounts.key", free_port(), free_port()
        run(["openssl", "genrsa", "-out", str(key), "2048"])
        (self.folder / "tokens").write_text(f"{TOKEN},tests,tests,system:masters\n")
        server = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (self.folder / "kubeconfig").write_text(json.dumps(kubeconfig))
        self._child(
            "etcd", f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
        )  # fmt: skip
        self._child(
            "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}",
            f"--secure-port={self.port}", "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder / 'certificates'}",
            f"--token-auth-file={self.folder / 'tokens'}", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--endpoint-reconciler-type=none",
            # There is no controller that makes the account `default` of a namespace.
            "--disable-admission-plugins=ServiceAccount",
        )  # fmt: skip
        ends = time.monotonic() + START_SECONDS
        while True:
            try:
                self.kubectl("get", "--raw", "/readyz")
            except RuntimeError:
                if time.monotonic() > ends or any(
                    each.poll() is not None for each in self._children
                ):
                    raise
                time.sleep(0.3)
            else:
                return

    def stop(self) -> None:
        """Stop both."""
        for child in reversed(self._children):
            child.terminate()
            child.wait(timeout=60)

    def _child(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            command = [str(self.programs[program]), *arguments]
            self._children.append(subprocess.Popen(command, stdout=log, stderr=log))
