"""Run LocalStack's Lambda functions as processes, for machines without Docker.

LocalStack's free edition runs functions in containers only. This plugin starts AWS' own runtime
interface emulator (RIE) for each environment, with LocalStack's Python and the function's code and
layers on its import path. Install it into LocalStack's environment and set

    LAMBDA_RUNTIME_EXECUTOR=process
    LAMBDA_RIE=/path/to/aws-lambda-rie

The SAM command line carries the RIE: `samcli/local/rapid/aws-lambda-rie-<machine>`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)

if TYPE_CHECKING:
    from localstack.services.lambda_.invocation.lambda_models import FunctionVersion

LOOPBACK = "127.0.0.1"
START_SECONDS = 20.0
POLL_SECONDS = 0.02
LOG_BYTES = 65_536
INVOKE = "/2015-03-31/functions/function/invocations"
FUNCTION_ERROR = {"errorMessage", "errorType"}


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Makes the executor known to LocalStack as `process`."""

    name = "process"

    def load(self, *_args: object, **_options: object) -> type[RuntimeExecutor]:
        """Return the class of the executor."""
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    """One environment of one version of a function."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - LocalStack names it
        """`id` is the environment's."""
        super().__init__(id=id, function_version=function_version)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._log = Path(tempfile.mkdtemp(prefix="lambda-")) / "log"

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process and wait until it takes invocations.

        Raises:
            LambdaRuntimeException: the RIE is missing, or the process did not start.
        """
        config = self.function_version.config
        code = config.code.get_unzipped_code_location()
        layers = [layer.code.get_unzipped_code_location() / "python" for layer in config.layers]
        self._port, runtime_port = _free_port(), _free_port()
        environment = {
            **{name: str(value) for name, value in env_vars.items()},
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, [code, *layers])),
            "LAMBDA_TASK_ROOT": str(code),
        }
        command = [
            _rie(),
            f"--runtime-interface-emulator-address={LOOPBACK}:{self._port}",
            f"--runtime-api-address={LOOPBACK}:{runtime_port}",
            sys.executable,
            "-m",
            "awslambdaric",
            config.handler,
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the RIE and our own arguments
                command,
                cwd=code,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_listens(self._process)

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, self._port)) == 0:
                    return
            time.sleep(POLL_SECONDS)
        self.stop()
        raise LambdaRuntimeException(f"The function's process did not start: {self.get_logs()}")

    def stop(self) -> None:
        """End the process and those that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        except ProcessLookupError:
            process.wait()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run the function once; a function that raised or does not import is an error."""
        body = payload["payload"]
        try:
            response = requests.post(
                f"http://{LOOPBACK}:{self._port}{INVOKE}",
                data=body.encode() if isinstance(body, str) else body,
                timeout=self.function_version.config.timeout + 5,
            )
        except requests.RequestException as error:
            message = f"The function's process does not respond: {error}"
            raise LambdaRuntimeException(message) from error
        return InvocationResult(
            request_id=payload["invoke-id"],
            payload=response.content,
            is_error=not response.ok or _is_function_error(response.content),
            logs=self.get_logs(),
            executed_version=self.function_version.id.qualifier,
        )

    def get_address(self) -> str:
        """Return where the process listens."""
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        """Return where the process finds LocalStack."""
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        """Return the address for callbacks; the RIE makes none."""
        return f"http://{LOOPBACK}/none/{self.id}"

    def get_logs(self) -> str:
        """Return what the process has printed, at most the last 64 KB."""
        kept = self._log.read_bytes() if self._log.exists() else b""
        return kept[-LOG_BYTES:].decode(errors="replace")

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unzip the function's code and layers."""
        function_version.config.code.prepare_for_execution()
        for layer in function_version.config.layers:
            layer.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Keep the code: other environments of the version may run."""


def _rie() -> str:
    found = os.environ.get("LAMBDA_RIE") or shutil.which("aws-lambda-rie")
    if not found or not os.access(found, os.X_OK):
        raise LambdaRuntimeException("The RIE is missing: set LAMBDA_RIE to its path.")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_function_error(content: bytes) -> bool:
    try:
        response = json.loads(content)
    except ValueError:
        return False
    return isinstance(response, dict) and response.keys() >= FUNCTION_ERROR
