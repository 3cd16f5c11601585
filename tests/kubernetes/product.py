"""The product on a cluster: the overlay `dev`, with stand-ins for the images of a registry."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from .cluster import Cluster

NAMESPACE = "groundwork-dev"
STANDINS = {
    "postgres": ["python", "/standins/postgres.py"],
    "neo4j": ["python", "/standins/neo4j.py"],
    "emulator": ["python", "-m", "ministack"],
}
READY_SECONDS = 1200
HOST = {"Host": "localhost"}
"""The name that a request to an address of the cluster gives."""


def with_standins(text: str, node: str, folder: Path) -> str:
    """Return manifests whose services run stand-ins on one node, with volumes in a folder."""
    documents: list[Any] = list(yaml.safe_load_all(text))
    for each in documents:
        name = each["metadata"]["name"]
        if each["kind"] not in {"Deployment", "StatefulSet"} or name not in STANDINS:
            continue
        pod = each["spec"]["template"]["spec"]
        pod["nodeSelector"] = {"kubernetes.io/hostname": node}
        pod["containers"][0] |= {"image": "groundwork-standins", "command": STANDINS[name]}
        if each["kind"] == "StatefulSet":
            documents.append(_volume(name, folder))
    return yaml.safe_dump_all(documents)


def _volume(name: str, folder: Path) -> Any:
    """A volume of any user; its pod stays on its node."""
    path = folder / name
    path.mkdir(parents=True)
    path.chmod(0o777)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": str(path), "type": "Directory"},
            "claimRef": {"namespace": NAMESPACE, "name": f"data-{name}-0"},
        },
    }


@dataclass
class Product:
    """The product, ready."""

    cluster: Cluster
    password: str
    ready_seconds: float = 0.0

    def kubectl(self, *arguments: str, given: str | None = None, timeout: float = 120) -> str:
        """Run kubectl in the namespace of the product."""
        return self.cluster.plane.kubectl("-n", NAMESPACE, *arguments, given=given, timeout=timeout)

    def found(self, *arguments: str) -> Any:
        """Return what `kubectl get` finds."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    @property
    def url(self) -> str:
        """Base URL of the Service of gateways. A request must name the host `localhost`."""
        return f"http://{self.found('service', 'gateway')['spec']['clusterIP']}:8000"

    def pods(self, name: str = "gateway") -> list[Any]:
        """Return the pods of a Deployment that do not end."""
        found = self.found("pods", "-l", f"app.kubernetes.io/name={name}")["items"]
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def warnings(self) -> str:
        """Return the warnings among the events, such as probes that failed."""
        columns = "custom-columns=AT:.lastTimestamp,OF:.involvedObject.name,MESSAGE:.message"
        chosen = "--field-selector=type=Warning"
        return self.kubectl("get", "events", chosen, "-o", columns, "--sort-by=.lastTimestamp")

    def roll_out(self, name: str = "gateway") -> float:
        """Wait until a rollout is complete; return the seconds. Fails if it is given up."""
        began = time.monotonic()
        self.kubectl("rollout", "status", f"deployment/{name}", timeout=READY_SECONDS)
        return time.monotonic() - began

    def wait_until_ready(self) -> None:
        """Wait until the migration is complete and every Deployment is available."""
        given = f"--timeout={READY_SECONDS}s"
        self.kubectl("wait", "--for=condition=Complete", "job/migrate", given, timeout=1300)
        self.kubectl(
            "wait", "--for=condition=Available", "deployment", "--all", given, timeout=1300
        )
        self.roll_out()

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """An administrator at the Service."""
        login = {"email": "admin@localhost.test", "password": self.password}
        answer = httpx2.post(f"{self.url}/api/v1/auth/login", json=login, headers=HOST, timeout=60)
        assert answer.status_code == 200, answer.text
        headers = {**HOST, "Authorization": f"Bearer {answer.json()['access_token']}"}
        with httpx2.Client(base_url=self.url, headers=headers, timeout=60) as client:
            yield client


def install(cluster: Cluster, text: str) -> Product:
    """Apply the manifests and wait until all is ready."""
    documents = list(yaml.safe_load_all(text))
    (owner,) = [each for each in documents if each["metadata"]["name"] == "groundwork-owner"]
    password = base64.b64decode(owner["data"]["GROUNDWORK_ADMIN_PASSWORD"]).decode()
    product = Product(cluster, password)
    namespace = next(each for each in documents if each["kind"] == "Namespace")
    apply = ["apply", "--server-side", "--warnings-as-errors", "-f", "-"]
    cluster.plane.kubectl(*apply, given=yaml.safe_dump(namespace))
    began = time.monotonic()
    cluster.plane.kubectl(*apply, given=text)
    product.wait_until_ready()
    product.ready_seconds = time.monotonic() - began
    return product
