"""Lists of feeds as people keep them, well made or not."""

import codecs
import os
from pathlib import Path

import pytest

from groundwork_core.sources.feed_lists import MAX_FAULTS, Listed, NotAList, read_list
from groundwork_core.sources.opml import Feed, write_opml
from groundwork_core.web.reachability import AllowedTargets

FAILING = Path(os.environ.get("GROUNDWORK_SAMPLE_DATA", "../shared/data")) / "failing"
OPML = b"""<?xml version="1.0"?>
<opml version="2.0"><head><title>mine</title></head><body>
<outline text="Tech">
  <outline type="rss" text="A blog" xmlUrl="https://a.example/feed" category="/go,databases"/>
  <outline type="rss" title="B" text="b" xmlurl=" https://b.example/rss "/>
  <outline text="Deeper"><outline text="Crabs" xmlUrl="http://crabs.example/rss"/></outline>
</outline>
<outline type="rss" text="No folder" xmlUrl="ftp://c.example/feed"/>
</body></opml>"""


def outline(attributes: str) -> Listed:
    (found,) = read_list(f"<opml><body><outline {attributes}/></body></opml>".encode())
    return found


def test_opml_gives_addresses_names_and_folders_as_tags() -> None:
    first, second, third, fourth = read_list(OPML)
    assert (first.url, first.name, first.line) == ("https://a.example/feed", "A blog", 4)
    assert first.tags == ("Tech", "go", "databases")
    assert (second.url, second.name, second.tags) == ("https://b.example/rss", "B", ("Tech",))
    assert third.tags == ("Tech", "Deeper")
    assert fourth.fault == "the address must begin with http:// or https:// and a host"
    assert (fourth.line, fourth.url, fourth.tags) == (8, "ftp://c.example/feed", ())


def test_one_address_a_line_with_comments_and_gaps() -> None:
    text = "\ufeff# mine\n\nhttps://a.example/feed # good\r\nnonsense\rhttps://b.example/#top\n"
    assert [(one.line, one.url, one.fault is None) for one in read_list(text.encode())] == [
        (3, "https://a.example/feed", True),
        (4, "nonsense", False),
        (5, "https://b.example/", True),
    ]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("feed://blog.example/rss", "http://blog.example/rss"),
        ("FEED://blog.example/rss", "http://blog.example/rss"),
        ("feed:https://blog.example/rss", "https://blog.example/rss"),
        ("feed://https://blog.example/rss", "https://blog.example/rss"),
        ("https://blog.example/search?q=a b", "https://blog.example/search?q=a%20b"),
        ("  https://blog.example/feed\n", "https://blog.example/feed"),
        ("//blog.example/rss", "https://blog.example/rss"),
        ("blog.example/rss", "https://blog.example/rss"),
        ("blog.example:8080/rss", "https://blog.example:8080/rss"),
        ("www.blog.example", "https://www.blog.example/"),
        ("HTTPS://Blog.example:443/rss#x", "https://blog.example/rss"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_an_address_is_completed(written: str, url: str) -> None:
    (line,) = read_list(written.encode())
    assert (line.url, line.fault) == (url, None)
    assert outline(f'xmlUrl="{written}"') == Listed(1, url, line.name)


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ('xmlUrl="/rss" htmlUrl="https://blog.example/"', "https://blog.example/rss"),
        ('xmlUrl="rss.xml" htmlUrl="https://blog.example/a/b"', "https://blog.example/a/rss.xml"),
        ('xmlUrl="../rss" htmlUrl="https://blog.example/a/b/"', "https://blog.example/a/rss"),
        (
            'xmlUrl="?feed=rss2" htmlUrl="https://blog.example/a"',
            "https://blog.example/a?feed=rss2",
        ),
        ('xmlUrl="//cdn.example/f" htmlUrl="http://blog.example/"', "http://cdn.example/f"),
        ('xmlUrl="blog.example/f" htmlUrl="https://www.blog.example/"', "https://blog.example/f"),
        ('xmlUrl="/rss" xml:base="https://blog.example/"', "https://blog.example/rss"),
        ('type="rss" url="https://blog.example/rss"', "https://blog.example/rss"),
    ],
)
def test_a_relative_address_belongs_to_its_site(attributes: str, url: str) -> None:
    found = outline(attributes)
    assert (found.url, found.fault) == (url, None)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ('xmlUrl="/rss"', "relative"),
        ('xmlUrl="rss.xml"', "relative"),
        ('xmlUrl=""', "missing"),
        ('type="rss" text="Nothing"', "missing"),
        ('xmlUrl="javascript:alert(1)"', "must begin with"),
        ('xmlUrl="http://user:pw@blog.example/"', "credentials"),
        ('xmlUrl="http://blog.example:99999/"', "port"),
        ('xmlUrl="http://[::1"', "not a valid address"),
        ('xmlUrl="https://"', "must begin with"),
        ('xmlUrl="https://a.example/' + "x" * 2_048 + '"', "longer than"),
    ],
)
def test_every_feed_that_is_left_out_is_named_with_its_reason(attributes: str, says: str) -> None:
    found = outline(attributes)
    assert says in (found.fault or "")
    assert "pw" not in found.url
    assert len(found.url) <= 300


def test_a_folder_that_calls_itself_a_feed_is_a_folder() -> None:
    data = b'<opml><body><outline type="rss" text="F"><outline xmlUrl="https://a.example/"/>'
    (found,) = read_list(data + b"</outline></body></opml>")
    assert (found.tags, found.fault) == (("F",), None)


def test_a_private_address_is_left_out_unless_it_is_allowed() -> None:
    data = b"http://127.0.0.1:9/f\nhttp://localhost/f\nhttp://8.8.8.8/f\n"
    faults = [one.fault is None for one in read_list(data, allowed=AllowedTargets())]
    assert faults == [False, False, True]
    allowed = AllowedTargets.parse(("127.0.0.1:9",))
    assert [one.fault is None for one in read_list(data, allowed=allowed)] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Q & A", "Q & A"),
        ("Q &amp; A", "Q & A"),
        ("AT&T", "AT&T"),
        ("a &copy; b", "a © b"),
        ("a &nosuch; b", "a &nosuch; b"),
        ("a &#169; b", "a © b"),
        ("a &#0; b", "a  b"),
        ("a < b", "a < b"),
        ("I <3 it", "I <3 it"),
        ("bell\x07", "bell"),
    ],
)
def test_unescaped_characters_are_accepted(text: str, name: str) -> None:
    found = outline(f'text="{text}" xmlUrl="https://blog.example/feed?x=1&y=2&copy=3"')
    assert found.name == name
    assert found.url == "https://blog.example/feed?x=1&y=2&copy=3"


ENCODINGS = ["iso-8859-1", "windows-1252", "iso-8859-15", "koi8-r", "cp1251", "shift_jis"]
ENCODINGS += ["euc-jp", "gb2312", "big5", "euc-kr", "utf-8", "macroman"]
WORDS = {"koi8-r": "Почта", "cp1251": "Почта", "gb2312": "新闻", "big5": "新聞", "euc-kr": "뉴스"}
WORDS |= {"shift_jis": "ニュース", "euc-jp": "ニュース"}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_any_encoding_that_the_file_declares_is_read(encoding: str, quote: str) -> None:
    name = WORDS.get(encoding, "Café")
    text = f"<?xml version='1.0' encoding={quote}{encoding.upper()}{quote}?>\n"
    text += f'<opml><body><outline text="{name}" xmlUrl="https://a.example/"/></body></opml>'
    (found,) = read_list(text.encode(encoding))
    assert (found.name, found.line) == (name, 2)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-8", codecs.BOM_UTF8),
    ],
)
def test_wide_encodings_are_read_with_a_mark_or_without(encoding: str, mark: bytes) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>'
    text += '<opml><body><outline text="Café" xmlUrl="https://a.example/"/></body></opml>'
    (found,) = read_list(mark + text.encode(encoding))
    assert found.name == "Café"


def test_the_senders_charset_wins_if_the_bytes_are_valid_in_it() -> None:
    data = '<opml><body><outline text="Café" xmlUrl="https://a.example/"/></body></opml>'
    latin = f'<?xml version="1.0" encoding="iso-8859-1"?>{data}'
    assert read_list(data.encode("cp1250"), charset="cp1250")[0].name == "Café"
    assert read_list(latin.encode("utf-8"), charset="utf-8")[0].name == "Café"
    assert read_list(latin.encode("iso-8859-1"), charset="utf-8")[0].name == "Café"


def test_one_bad_byte_replaces_one_character() -> None:
    text = '<opml><body><outline text="Ünïcödé X" xmlUrl="https://a.example/"/></body></opml>'
    (found,) = read_list(text.encode().replace(b"X", b"\xff"))
    assert found.name == "Ünïcödé \ufffd"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<opml><body><outline text="&b;" xmlUrl="https://a.example/"/></body></opml>"""
OUTSIDE = b"""<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml><body><outline text="&x;" xmlUrl="https://a.example/"/></body></opml>"""
OUTSIDE_TYPE = b"""<!DOCTYPE opml SYSTEM "http://evil.example/x.dtd">
<opml><body><outline xmlUrl="https://a.example/"/></body></opml>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, OUTSIDE_TYPE, BOMB.decode().encode("utf-16")])
def test_opml_that_declares_a_document_type_is_refused(data: bytes) -> None:
    with pytest.raises(NotAList, match="document type"):
        read_list(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<opml><body>", "not XML"),
        (b'<opml><body><outline text="a></body></opml>', "not XML"),
        (b"<html><body/></html>", "not OPML"),
        (b"<rss><channel/></rss>", "not OPML"),
        (b"x\n" * (MAX_FAULTS + 1), "not addresses"),
    ],
)
def test_a_file_that_is_not_a_list_of_feeds_is_refused_with_a_reason(
    data: bytes, says: str
) -> None:
    with pytest.raises(NotAList, match=says):
        read_list(data)


def test_a_written_opml_file_can_be_read() -> None:
    feeds = [
        Feed('A "quoted" & <odd> name', "https://a.example/f?x=1&y=2", ("one", "Tech/Web")),
        Feed("Ünïcödé 日本", "https://b.example/", ()),
        Feed("with\x07bell", "https://c.example/", ("a,b",)),
    ]
    found = read_list(write_opml("Mine & yours", feeds).encode())
    assert [(one.name, one.url, one.tags) for one in found] == [
        (feeds[0].name, feeds[0].url, feeds[0].tags),
        (feeds[1].name, feeds[1].url, ()),
        ("withbell", feeds[2].url, ("a b",)),
    ]


@pytest.mark.skipif(not FAILING.exists(), reason="GROUNDWORK_SAMPLE_DATA has no folder failing/")
def test_feed_lists_that_were_once_misread_are_read_correctly() -> None:
    def read(name: str) -> list[tuple[str, str, tuple[str, ...], str | None]]:
        found = read_list((FAILING / name).read_bytes())
        return [(one.name, one.url, one.tags, one.fault) for one in found]

    assert read("latin1.opml") == [("Café", "https://blog.example/feed", (), None)]
    assert read("bare-ampersand.opml") == [("Q & A", "https://blog.example/feed?x=1&y=2", (), None)]
    assert read("dropped-silently.opml") == [
        ("ok", "https://blog.example/feed", (), None),
        ("feed scheme", "http://blog.example/rss", (), None),
        ("space", "https://blog.example/search?q=a%20b", (), None),
        ("category", "https://blog.example/tagged", ("Tech/Web", "News"), None),
    ]
