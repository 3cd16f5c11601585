"""Ask the host of this container whether it runs; exit with 1 if not. For HEALTHCHECK."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 4


def main() -> int:
    """Return 0 if the host responds."""
    port = int(os.environ.get("GROUNDWORK_PORT") or 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/@host/live")
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
