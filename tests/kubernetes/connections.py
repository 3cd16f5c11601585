"""Connections between pods, tried from pods of the product and from pods of strangers."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..containers.engine import run
from . import names
from .node import ADDRESS
from .product import NAMESPACE, Product

WEB = "203.0.113.1"
"""A public address, of those for documents; this process listens there."""
STRANGERS = {
    "stranger": (NAMESPACE, {}),
    "outside": ("groundwork-outside", {}),
    "ingress": ("groundwork-ingress", {"groundwork.example.org/ingress": "true"}),
    "monitoring": ("monitoring", {}),
}
"""Pods that are not ours: the namespace of each, and its labels."""
LOOK = """
import json, socket, sys
def opens(target):
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except (ConnectionError, TimeoutError):
        return False
    return True
print(json.dumps([target for target in sys.argv[1:] if opens(target)]))
"""


@dataclass
class Connections:
    """Pods by their names, as (namespace, pod), and the addresses that they try."""

    product: Product
    pods: Mapping[str, tuple[str, str]]
    targets: Mapping[str, str]

    def opened(self, of: str, *targets: str) -> set[str]:
        """Return to which targets a pod can connect, of those that are named, or of all others."""
        chosen = targets or [each for each in self.targets if each != of or of == "gateway"]
        namespace, pod = self.pods[of]
        found = json.loads(
            self.product.cluster.plane.kubectl(
                "-n", namespace, "exec", pod, "--", "/venv/bin/python", "-c", LOOK,
                *(self.targets[each] for each in chosen),
                timeout=300,
            )
        )  # fmt: skip
        return {each for each in chosen if self.targets[each] in found}


@contextmanager
def connections(product: Product) -> Iterator[Connections]:
    """Start the strangers and what listens outside of the product; remove both at the end."""
    kubectl = product.cluster.plane.kubectl
    bridge = product.cluster.nodes[0].bridge
    run(["ip", "address", "add", f"{WEB}/32", "dev", bridge])
    places = [(WEB, 80), (WEB, 8080), (ADDRESS, 80)]
    servers = [ThreadingHTTPServer(place, SimpleHTTPRequestHandler) for place in places]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": _strangers()})
    try:
        kubectl("apply", "-f", "-", given=given)
        for name, (namespace, _) in STRANGERS.items():
            kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}",
                    "--timeout=300s", timeout=330)  # fmt: skip
        yield _found(product)
    finally:
        product.kubectl("delete", "pod", "stranger", "--ignore-not-found", "--grace-period=0")
        spaces = [space for space, _ in STRANGERS.values() if space != NAMESPACE]
        kubectl("delete", "namespace", *spaces, "--ignore-not-found", timeout=600)
        for server in servers:
            server.shutdown()
            server.server_close()
        run(["ip", "address", "delete", f"{WEB}/32", "dev", bridge])


def _found(product: Product) -> Connections:
    ours = {
        name: product.pods(name)
        for name in ("gateway", "relay", "fetch", "postgres", "neo4j", "emulator")
    }
    pods = {name: (NAMESPACE, found[0]["metadata"]["name"]) for name, found in ours.items()}
    pods |= {name: (namespace, name) for name, (namespace, _) in STRANGERS.items()}
    # The other gateway: a pod always reaches itself.
    addresses = {name: found[-1]["status"]["podIP"] for name, found in ours.items()}
    for name in ("stranger", "outside"):
        chosen = ["-n", STRANGERS[name][0], "get", "pod", name, "-o", "json"]
        found = json.loads(product.cluster.plane.kubectl(*chosen))
        addresses[name] = found["status"]["podIP"]
    domain = f"{NAMESPACE}.svc.cluster.local"
    return Connections(product, pods, {
        **{name: f"{addresses[name]}:8000" for name in ("gateway", "relay", "fetch")},
        "postgres": f"postgres.{domain}:5432",
        "neo4j": f"neo4j.{domain}:7687",
        "emulator": f"emulator.{domain}:4566",
        "names": f"{names.ADDRESS}:53",
        "web": f"{WEB}:80",
        "another port of the web": f"{WEB}:8080",
        **{name: f"{addresses[name]}:80" for name in ("stranger", "outside")},
        "node": f"{ADDRESS}:80",
        "API server": f"{ADDRESS}:{product.cluster.plane.port}",
    })  # fmt: skip


def _strangers() -> list[Any]:
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    few = {"cpu": "20m", "memory": "64Mi"}
    container = {
        "name": "python",
        "image": "groundwork-pause",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/venv/bin/python", "-m", "http.server", "80"],
        "securityContext": security,
        "resources": {"requests": few, "limits": {"memory": "128Mi"}},
        "readinessProbe": {"tcpSocket": {"port": 80}},
    }
    spec = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
    }
    found: list[Any] = []
    for name, (namespace, labels) in STRANGERS.items():
        if namespace != NAMESPACE:
            metadata: Any = {"name": namespace, "labels": labels}
            found.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        metadata = {"name": name, "namespace": namespace}
        found.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    return found
