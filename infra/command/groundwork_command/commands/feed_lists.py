"""Reading a list of feeds: OPML, or one address a line."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

LONGEST_NAME = 300


@dataclass(frozen=True)
class Listed:
    """One feed of the list."""

    url: str
    name: str
    tags: tuple[str, ...] = ()


class BadList(ValueError):
    """The file is no list of feeds; the message says why."""


def read(text: str) -> list[Listed]:
    """All feeds in the file's order, each address once.

    Raises:
        BadList: It looks like XML but is no OPML, or a line is no http(s) address.
    """
    found = _opml(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else _lines(text)
    return list({feed.url: feed for feed in reversed(found)}.values())[::-1]


def _opml(text: str) -> list[Listed]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadList("it declares a document type or entities, which no list of feeds needs")
    try:
        root = ET.fromstring(text.lstrip("\ufeff \t\r\n").encode())  # noqa: S314 - has no entities, see above
    except ET.ParseError as error:
        raise BadList(f"it is not well-formed OPML: {error}") from error
    body = root.find("body")
    if root.tag.lower() != "opml" or body is None:
        raise BadList(f"it is XML, but not OPML: its root is <{root.tag}>")
    return _outlines(body, ())


def _outlines(parent: Element, tags: tuple[str, ...]) -> list[Listed]:
    """Feeds below; the titles of the folders that hold them become tags."""
    found: list[Listed] = []
    for outline in parent.findall("outline"):
        given = {key.lower(): value.strip() for key, value in outline.attrib.items()}
        title = given.get("title") or given.get("text") or ""
        url = given.get("xmlurl", "")
        if _is_address(url):
            found.append(Listed(url, (title or _host(url))[:LONGEST_NAME], tags))
        found += _outlines(outline, (*tags, title) if title and not url else tags)
    return found


def _lines(text: str) -> list[Listed]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        url = line.strip().lstrip("\ufeff")
        if not url or url.startswith("#"):
            continue
        if not _is_address(url):
            raise BadList(f"line {number} is not an http(s) address: {url[:80]}")
        found.append(Listed(url, _host(url)))
    return found


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")
