"""MiniStack, the AWS emulator, as a child process with access control (emulator_gate.py)."""

import http.client
import sys

from groundwork_command.services import emulator_gate
from groundwork_command.services.home import PRIVATE_FOLDER, Home
from groundwork_command.services.process import Child, Launch, wait_for
from groundwork_command.services.server_process import ServerProcess
from groundwork_command.services.service import Address, Progress, ServiceError
from groundwork_command.services.variables import service_variables

SERVICES = "sqs"
REGION = "eu-central-1"
START_SECONDS = 60.0
HTTP_OK = 200


class Emulator(ServerProcess):
    """One MiniStack server on loopback. Its messages are lost when it stops, and are sent again.

    It accepts only requests with the access key id of the state folder (secrets/emulator).
    """

    name = "emulator"
    stop_seconds = 10.0

    def __init__(self, home: Home, services: str = SERVICES) -> None:
        """`services` is a comma-separated list of AWS services."""
        super().__init__()
        self._home = home
        self._services = services
        self._port: int | None = None

    def start(self, progress: Progress) -> Address:
        """Start the emulator and wait until it responds."""
        progress("starting")
        folder = self._home.folder(self.name)
        folder.chmod(PRIVATE_FOLDER)
        log = self._home.logs / "emulator.log"
        self._port = port = self._port or self._home.port(self.name)
        key = self._home.password(self.name)
        self._child = Child(
            Launch(
                command=[sys.executable, "-P", "-m", emulator_gate.__name__],
                cwd=folder,
                log=log,
                environment=self._environment(port, key),
            )
        )
        failure = wait_for(lambda: _responds(port, key), self._child, START_SECONDS)
        if failure:
            self.stop()
            raise ServiceError(f"The AWS emulator did not start: {failure}")
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": key,
        }

    def _environment(self, port: int, key: str) -> dict[str, str]:
        folder = self._home.folder(self.name)
        own = {
            emulator_gate.ACCESS_KEY: key,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "SERVICES": self._services,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "S3_DATA_DIR": str(folder / "s3"),
            "STATE_DIR": str(folder / "state"),
            "TMPDIR": str(folder),
            "LOG_LEVEL": "WARNING",
            "DOCKER_HOST": "unix:///nonexistent",  # so that it does not search for containers
        }
        return service_variables(own)


def _responds(port: int, key: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        named = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/"}
        connection.request("GET", "/_ministack/health", headers=named)
        return connection.getresponse().status == HTTP_OK
    except OSError:
        return False
    finally:
        connection.close()
