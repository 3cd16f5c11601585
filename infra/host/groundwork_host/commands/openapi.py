"""`groundwork openapi`: the API's description, from a running instance."""

from groundwork_host.commands import running
from groundwork_host.commands.saying import clear_failures, fail
from groundwork_host.services.home import Home

TIMEOUT_SECONDS = 30


def openapi() -> None:
    """Print the OpenAPI document."""
    import urllib.error  # noqa: PLC0415 - only here
    import urllib.request  # noqa: PLC0415 - only here

    with clear_failures():
        url = running.find(Home(running.home_folder())).url
    try:
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own address
            print(answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        fail(f"{url}/openapi.json: {error}")
