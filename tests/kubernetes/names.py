"""The DNS of the cluster: CoreDNS in pods, as policies name it."""

import json
from pathlib import Path
from typing import Any

from ..containers.engine import Engine

IMAGE = "groundwork-coredns"
ADDRESS = "10.96.0.10"
"""Address of the Service, which every pod asks."""
# Names outside the cluster do not exist.
CONFIG = """\
cluster.local:53 {
  errors
  ready
  kubernetes cluster.local {
    kubeconfig /etc/coredns/kubeconfig x
  }
}
.:53 {
  template ANY ANY {
    rcode NXDOMAIN
  }
}
"""
LABELS = {"k8s-app": "kube-dns"}


def build(engine: Engine, program: Path, folder: Path) -> str:
    """Build the image from the program; return its tag."""
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY coredns /\nENTRYPOINT ["/coredns"]\n')
    (folder / "coredns").write_bytes(program.read_bytes())
    (folder / "coredns").chmod(0o755)
    engine.build("Dockerfile", IMAGE, folder)
    return IMAGE


def manifests(kubeconfig: Path, node: str) -> str:
    """Return the manifests; the kubeconfig names an API server that pods of this node reach."""
    files = {"Corefile": CONFIG, "kubeconfig": kubeconfig.read_text()}
    container = {
        "name": "coredns",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "timeoutSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    pod = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "dnsPolicy": "Default",
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "config", "secret": {"secretName": "coredns"}}],
    }
    ports = [{"name": name, "port": 53, "protocol": name.upper()} for name in ("udp", "tcp")]
    spec = {"selector": {"matchLabels": LABELS}, "template": _named(LABELS, spec=pod)}
    service = {"clusterIP": ADDRESS, "selector": LABELS, "ports": ports}
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Secret", **_placed("coredns"), "stringData": files},
        {"apiVersion": "apps/v1", "kind": "Deployment", **_placed("coredns"), "spec": spec},
        {"apiVersion": "v1", "kind": "Service", **_placed("kube-dns"), "spec": service},
    ]})  # fmt: skip


def _placed(name: str) -> Any:
    return {"metadata": {"name": name, "namespace": "kube-system"}}


def _named(labels: dict[str, str], **rest: object) -> Any:
    return {"metadata": {"labels": labels}, **rest}
