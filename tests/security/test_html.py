"""Whatever HTML comes in, what comes out holds only listed elements, attributes and schemes."""

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork_data.web.html import ALLOWED, SCHEMES, URLS, clean

PIECES = [
    *"<>/\"'= &;#x\n\t`!",
    *("--", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<script>", "</script>", "<style>", "<svg"),
    *("<math>", "<a href=", "<img ", "src=", "onerror=", "javascript:", "data:", "alert(1)"),
    *("http://x.example/", "&lt;", "&#106;", "&quot;", "</a>", "<p ", "style=", "<b>", "<iframe"),
    *("<textarea>", "<title>", "<noscript>", "<plaintext>"),
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


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_input_gets_anything_but_harmless_html_through(html: str) -> None:
    cleaned = clean(html, "https://site.example/").html
    reader = Reader()
    reader.feed(cleaned)
    reader.close()
    assert reader.wrong == []
    assert clean(cleaned, "https://site.example/").html == cleaned
