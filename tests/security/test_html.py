"""Sanitized HTML has only listed elements, attributes and schemes, whatever the input."""

import resource
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork_data.web import html as cleaning
from groundwork_data.web.html import ALLOWED, SCHEMES, URLS, clean
from groundwork_data.web.time_limit import TooLong

from . import html_payloads

PIECES = [
    *"<>/\"'= &;#x\n\t`!",
    *("--", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<script>", "</script>", "<style>", "<svg"),
    *("<math>", "<a href=", "<img ", "src=", "onerror=", "javascript:", "data:", "alert(1)"),
    *("http://x.example/", "&lt;", "&#106;", "&quot;", "</a>", "<p ", "style=", "<b>", "<iframe"),
    *("<textarea>", "<title>", "<noscript>", "<plaintext>", "<template>", "<select>", "<form>"),
    *(
        "<table>",
        "<td>",
        "<h1>",
        "</p>",
        "<mtext>",
        "<mglyph>",
        "<foreignObject>",
        "<annotation-xml",
    ),
    *("data-src=", "srcset=", "/a.jpg 2x, ", "poster=", "cite=", "title='"),
]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.wrong.append(tag)
        for name, value in attrs:
            if name not in ALLOWED.get(tag, ()):
                self.wrong.append(name)
            if name in URLS and (value or "").partition(":")[0].lower() not in SCHEMES:
                self.wrong.append(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(data)

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(decl)

    def handle_pi(self, data: str) -> None:
        self.wrong.append(data)


def wrong(html: str) -> list[str]:
    """Return what HTML must not contain: elements, attributes, schemes, comments."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.wrong


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_input_gets_anything_but_harmless_html_through(html: str) -> None:
    cleaned = clean(html, "https://site.example/").html
    assert wrong(cleaned) == []
    # A browser moves elements when it reads misnested HTML once more; what it may show stays so.
    assert wrong(clean(cleaned, "https://site.example/").html) == []


@pytest.mark.parametrize("html", html_payloads.EVERY)
def test_no_known_attack_survives_cleaning(html: str) -> None:
    assert wrong(clean(html, "https://site.example/").html) == []


def test_the_check_finds_each_known_attack_in_uncleaned_html() -> None:
    """With the guard disabled: html.parser sees all but a few, which only browsers understand."""
    assert sum(bool(wrong(html)) for html in html_payloads.EVERY) > 0.9 * len(html_payloads.EVERY)


def test_the_check_finds_a_script_in_uncleaned_html() -> None:
    """With the guard disabled."""
    assert wrong('<a href="javascript:x" onclick="y"><script><!-- z -->') == [
        "href=javascript:x",
        "onclick",
        "script",
    ]


def test_no_element_that_browsers_read_by_other_rules_is_listed() -> None:
    other_rules = {"svg", "math", "style", "script", "noscript", "template", "title", "textarea"}
    assert not other_rules & set(ALLOWED)
    assert not cleaning.SILENT & set(ALLOWED)


STYLES = ("b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u")


def reopened(tags: int) -> str:
    """HTML that a parser writes out many times: what is open is opened again in each block."""
    return "<p>" + "".join(f"<b a={n}>" for n in range(tags)) + "<p>x" * tags


DEEP = {
    "reopened": reopened(20_000),
    "every style, thrice": "<p>" + "".join(f"<{tag}>" * 3 for tag in STYLES) + "<p>x" * 250_000,
    "blocks": "<div>" * 180_000,
    "blocks and paragraphs": "<div>" * 90_000 + "<p>" * 180_000,
    "lists": "<ul><li>" * 120_000,
    "links in blocks": "<a href=x><div>" * 60_000,
    "never opened": "<div>" * 100_000 + "</p>" * 100_000,
    "crossed": "<i><div>" * 60_000 + "</i>" * 60_000,
    "references": "&" * 1_000_000,
    "attributes": "<a " + " ".join(f"a{n}=1" for n in range(30_000)) + ">",
    "as many attributes as fit": "<a " + " ".join(f"a{n}=1" for n in range(125_000)) + ">",
    "candidates": "<img srcset='" + "/a 1x," * 150_000 + "'>",
}

EVERYDAY = ("reopened", "links in blocks", "references")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in EVERYDAY else [pytest.mark.long]) for name in DEEP],
)
def test_the_time_for_a_text_grows_linearly(name: str) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    cleaned = clean(DEEP[name][:1_000_000], "https://site.example/").html
    # A machine of ours takes half a second, 3 s for the attributes; without pieces, minutes.
    assert time.process_time() - started < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert len(cleaned) < 4 * cleaning.MAX_HTML


def test_unless_a_text_is_cleaned_in_pieces_its_output_grows_quadratically(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard disabled: a tenth of the tags is written a hundred times as often."""
    guarded = len(clean(reopened(1_000), None).html)
    monkeypatch.setattr(cleaning, "MANY_MARKS", 10**9)
    assert len(clean(reopened(1_000), None).html) > 100 * guarded


def test_a_time_limit_within_the_filter_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """nh3 drops what its filter raises; a time limit that runs out there must be heard."""

    def fails(*_: object) -> None:
        raise TooLong

    monkeypatch.setattr(cleaning, "absolute", fails)
    with pytest.raises(TooLong):
        clean("<img src=/x>", None)
