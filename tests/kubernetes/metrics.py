"""The CPU and memory of pods: metrics-server, by which the autoscaler decides."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..child_instance import free_port
from ..containers import engine as engines
from .cluster import Cluster
from .node import ADDRESS

NAME = "metrics-server"
GROUP, VERSION = "metrics.k8s.io", "v1beta1"


def program() -> Path:
    """Build the server, once. Raises NoEngine."""
    return engines.go_tool(NAME, "sigs.k8s.io/metrics-server/cmd/metrics-server", NAME)


@contextmanager
def measured(cluster: Cluster, built: Path) -> Iterator[None]:
    """Serve metrics meanwhile: the autoscaler would change the number of pods in other tests."""
    port, plane = free_port(), cluster.plane
    cluster.daemons.start(NAME, [
        str(built), f"--kubeconfig={plane.kubeconfig}",
        f"--authentication-kubeconfig={plane.kubeconfig}",
        f"--authorization-kubeconfig={plane.kubeconfig}",
        f"--bind-address={ADDRESS}", f"--secure-port={port}",
        f"--cert-dir={cluster.folder / NAME}",
        f"--kubelet-client-certificate={plane.certificate}",
        f"--kubelet-client-key={plane.certificate.with_suffix('.key')}",
        "--kubelet-insecure-tls", "--kubelet-use-node-status-port",
        "--kubelet-preferred-address-types=InternalIP", "--metric-resolution=15s",
    ])  # fmt: skip
    items = _manifests(port)
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    try:
        plane.kubectl("apply", "-f", "-", given=given)
        service = f"apiservice/{VERSION}.{GROUP}"
        plane.kubectl("wait", "--for=condition=Available", service, "--timeout=300s", timeout=330)
        yield
    finally:
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", given=given)
        cluster.daemons.stop(NAME)


def _manifests(port: int) -> list[Any]:
    """A Service of a process of this machine, and the part of the API that it serves."""
    place: Mapping[str, str] = {"name": NAME, "namespace": "kube-system"}
    labels = {"kubernetes.io/service-name": NAME}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": place,
            "spec": {"ports": [{"name": "https", "port": 443, "targetPort": port}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**place, "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "https", "port": port}],
            "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "version": VERSION,
                "service": place,
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
            },
        },
    ]
