"""Lists of feeds as people keep them: OPML, or one address a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.parsers import expat

MAX_NAME = 300
MAX_URL = 2_048
MAX_TAGS = 20
MAX_TAG = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class NotAList(Exception):
    """The file is neither OPML nor a list of addresses; says why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One feed of a list, and the line that names it; `fault` says why it cannot be a source."""

    line: int
    url: str
    name: str
    tags: tuple[str, ...] = ()
    fault: str | None = None


def read_list(data: bytes) -> list[Listed]:
    """Read OPML (1.0 or 2.0) or one address a line (`#` begins a comment).

    Raises:
        NotAList: OPML that is no XML, or declares entities or a document type.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_opml(data)
    lines = data.decode("utf-8-sig", "replace").splitlines()
    return [
        _listed(number, text.strip(), "", ())
        for number, text in enumerate(lines, start=1)
        if text.strip() and not text.strip().startswith("#")
    ]


def _read_opml(data: bytes) -> list[Listed]:
    found: list[Listed] = []
    folders: list[str] = []
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        message = "an OPML file must not declare a document type"
        raise NotAList(message)

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.lower() != "outline":
            return
        stated = {name.lower(): value for name, value in attributes.items()}
        name = stated.get("title") or stated.get("text") or ""
        url = stated.get("xmlurl", "").strip()
        if url:
            tags = (*(folder for folder in folders if folder), *_split(stated.get("category", "")))
            found.append(_listed(parser.CurrentLineNumber, url, name, tags))
        folders.append("" if url else name.strip())

    def end(tag: str) -> None:
        if tag.lower() == "outline":
            folders.pop()

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature: this is all there is
    except expat.ExpatError as error:
        message = f"the OPML file is no XML: {error}"
        raise NotAList(message) from error
    return found


def _split(category: str) -> tuple[str, ...]:
    return tuple(part.strip("/ ") for part in category.split(",") if part.strip("/ "))


def _listed(line: int, url: str, name: str, tags: tuple[str, ...]) -> Listed:
    shown = _CONTROL.sub(" ", name).strip()[:MAX_NAME] or _name_of(url)
    kept = tuple(dict.fromkeys(_CONTROL.sub(" ", tag).strip()[:MAX_TAG] for tag in tags))[:MAX_TAGS]
    return Listed(line, url, shown, kept, url_fault(url))


def url_fault(url: str) -> str | None:
    """Say why a feed cannot have this address, or None."""
    if len(url) > MAX_URL:
        return f"the address is longer than {MAX_URL} characters"
    if _CONTROL.search(url) or " " in url:
        return "the address has spaces or control characters in it"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is no address"
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return "only http and https addresses are fetched"
    return None


def _name_of(url: str) -> str:
    bare = url.split("://", 1)[-1].removeprefix("www.").strip("/")
    return bare[:MAX_NAME] or "feed"
