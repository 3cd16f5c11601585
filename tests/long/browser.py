"""Chromium without a window, driven by its own protocol (CDP): opens, clicks, types, looks."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_SECONDS = 180.0
"""For a slow machine; an element that is there is found at once."""

CLICKS = 4


class Page:
    """One page. Elements are named by CSS selectors."""

    def __init__(self, socket: ClientConnection) -> None:
        """Drive a page over its own connection."""
        self._socket = socket
        self._numbers = count(1)

    def open(self, url: str) -> None:
        """Go there; `click`, `type` and `text` wait for what they need."""
        self._call("Page.navigate", url=url)

    def before_scripts(self, script: str) -> None:
        """Run a script in each frame of the pages opened from now on, before all others."""
        self._call("Page.enable")
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def value(self, expression: str) -> Any:
        """Evaluate an expression in the page, and return its value as JSON has it."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str, what: str, seconds: float = WAIT_SECONDS) -> Any:
        """Wait until an expression is true in the page; return what it comes to."""
        return self._until(expression, what, seconds)

    def click(self, selector: str) -> None:
        """Click an element, once it is there."""
        self._until(f"(e => e && !e.disabled && (e.click(), true))({_find(selector)})", selector)

    def type(self, selector: str, text: str) -> None:
        """Type into a field, once it is there."""
        self._until(
            f"(e => e && (e.focus(), document.activeElement === e))({_find(selector)})", selector
        )
        self._call("Input.insertText", text=text)

    def text(self, selector: str, seconds: float = WAIT_SECONDS) -> str:
        """The text of an element, once it has some."""
        return str(self._until(f"(e => e && e.innerText)({_find(selector)})", selector, seconds))

    def click_until(self, selector: str, wanted: str) -> str:
        """Click an element until another has a text: a page that still loads may lose a click."""
        for _ in range(CLICKS - 1):
            self.click(selector)
            with suppress(AssertionError):
                return self.text(wanted, WAIT_SECONDS / CLICKS)
        self.click(selector)
        return self.text(wanted)

    def _until(self, expression: str, what: str, seconds: float = WAIT_SECONDS) -> Any:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
            value = found["result"].get("value")
            if value:
                return value
            time.sleep(0.05)
        message = f"the page has no {what} after {seconds:.0f} s"
        raise AssertionError(message)

    def _call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]


def _find(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


@contextmanager
def new_page() -> Iterator[Page]:
    """A page of a browser of its own, which knows nothing of others."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on the PATH; install one (Debian: apt-get install chromium)")
    folder = Path(tempfile.mkdtemp(prefix="groundwork-browser-"))
    command = [
        program,
        "--headless",
        "--no-sandbox",  # it opens our own page only, and a sandbox needs more than a container has
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
    ]
    with (folder / "log").open("w") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with connect(_address(folder, browser), max_size=None) as socket:
            yield Page(socket)
    finally:
        browser.terminate()
        browser.wait(timeout=WAIT_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _address(folder: Path, browser: "subprocess.Popen[bytes]") -> str:
    port_file, ends = folder / "DevToolsActivePort", time.monotonic() + WAIT_SECONDS
    while not (port_file.exists() and port_file.read_text()):
        if browser.poll() is not None or time.monotonic() > ends:
            pytest.fail(f"Chromium does not start:\n{(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
    port = int(port_file.read_text().splitlines()[0])
    pages = httpx2.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
    return next(str(one["webSocketDebuggerUrl"]) for one in pages if one["type"] == "page")
