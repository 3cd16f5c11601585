"""The environment variables of an environment: the function's own, and those Lambda sets."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from groundwork_lambda_host.template import Function

# Variables of the host that any process needs to run, to reach AWS and to verify certificates.
PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SYSTEMROOT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "LOG_LEVEL",
)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that every environment gets from the host."""
    return {name: environ[name] for name in PASSED_ON if name in environ}


def environment_variables(
    function: Function, region: str, shared: Mapping[str, str]
) -> dict[str, str]:
    """Return all variables of an environment.

    Args:
        function: The function that it runs.
        region: AWS region.
        shared: Variables of every environment (see `passed_on`); the function's own override them.
    """
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{secrets.token_hex(16)}"
    return {
        "LANG": "C.UTF-8",
        **shared,
        **function.environment,
        "TZ": ":UTC",
        "PYTHONUNBUFFERED": "1",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python_groundwork",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        # A handler must not read the AWS profile of the user.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "GROUNDWORK_FUNCTION_ARN": function.arn,
    }
