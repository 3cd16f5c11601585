"""A real API server of Kubernetes on loopback, with etcd: it judges manifests.

Nodes, if any, are those of `cluster`.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..child_instance import free_port
from ..containers import engine as engines
from ..containers.engine import NoEngine, run
from .daemons import Daemons
from .machine import SERVICES

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
    return {
        "etcd": engines.go_tool("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
        "kube-apiserver": kubernetes("kube-apiserver"),
    }


def kubernetes(name: str) -> Path:
    """Build a program of Kubernetes, once. Raises NoEngine."""
    flags = ("-ldflags", VERSION_FLAGS)
    return engines.go_tool("kubernetes", f"k8s.io/kubernetes/cmd/{name}", name, *flags)


@dataclass
class ControlPlane:
    """A running API server; `folder` holds all its files.

    Attributes:
        address: Where the API server listens.
        without: Admission plugins that are off. By default the one that needs a controller: it
            waits for the account `default` of a namespace.
    """

    folder: Path
    programs: Mapping[str, Path]
    port: int = field(default_factory=free_port)
    address: str = "127.0.0.1"
    without: str = "ServiceAccount"
    daemons: Daemons = field(init=False)

    def __post_init__(self) -> None:
        self.daemons = Daemons(self.folder)

    @property
    def kubeconfig(self) -> Path:
        """The file that lets a program be an administrator."""
        return self.folder / "kubeconfig"

    @property
    def certificate(self) -> Path:
        """The certificate by which a kubelet knows the API server; its key lies beside it."""
        return self.folder / "kubelet-client.crt"

    def kubectl(self, *arguments: str, given: str | None = None, timeout: float = 120) -> str:
        """Run kubectl, with text as its input; return its output."""
        command = [str(KUBECTL), "--kubeconfig", str(self.kubeconfig), *arguments]
        return run(command, timeout=timeout, input=given)

    def start(self) -> None:
        """Start both, and wait until the API server is ready."""
        key, client, peer = self.folder / "accounts.key", free_port(), free_port()
        run(["openssl", "genrsa", "-out", str(key), "2048"])
        _certify(self.certificate, "/O=system:masters/CN=tests")
        proxy = self.folder / "proxy-client.crt"
        _certify(proxy, "/CN=aggregator")
        (self.folder / "tokens").write_text(f"{TOKEN},tests,tests,system:masters\n")
        server = {"server": f"https://{self.address}:{self.port}", "insecure-skip-tls-verify": True}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        self.kubeconfig.write_text(json.dumps(kubeconfig))
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
            f"--secure-port={self.port}", f"--bind-address={self.address}",
            f"--cert-dir={self.folder / 'certificates'}",
            f"--token-auth-file={self.folder / 'tokens'}", "--authorization-mode=RBAC",
            f"--service-cluster-ip-range={SERVICES}", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--endpoint-reconciler-type=none", f"--disable-admission-plugins={self.without}",
            f"--kubelet-client-certificate={self.certificate}",
            f"--kubelet-client-key={self.certificate.with_suffix('.key')}",
            "--kubelet-preferred-address-types=InternalIP",
            # How a server of a part of the API knows that a request comes from this one.
            f"--proxy-client-cert-file={proxy}",
            f"--proxy-client-key-file={proxy.with_suffix('.key')}",
            f"--requestheader-client-ca-file={proxy}", "--requestheader-allowed-names=aggregator",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        )  # fmt: skip
        ends = time.monotonic() + START_SECONDS
        while True:
            try:
                self.kubectl("get", "--raw", "/readyz")
            except RuntimeError:
                self.daemons.check()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.3)
            else:
                return

    def stop(self) -> None:
        """Stop both."""
        self.daemons.stop()

    def _child(self, program: str, *arguments: str) -> None:
        self.daemons.start(program, [str(self.programs[program]), *arguments])


def _certify(certificate: Path, subject: str) -> None:
    """Write a certificate that is its own authority, and beside it its key."""
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", subject, "-keyout", str(certificate.with_suffix(".key")),
         "-out", str(certificate)])  # fmt: skip
